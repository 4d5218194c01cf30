"""Mixing on whole models, against references in float64."""

import copy

import pytest
import torch
from pydantic import TypeAdapter

from mashbill.models.distill.extras import attach
from mashbill.models.distill.mixing import FreeLB, Mixing, Noise, SentenceMixup, TokenMixup, total
from mashbill.models.distill.objectives import Distillation
from mashbill.models.distill.perturb import draw_mix
from tests.models.distill.steps import classifier, tiny_step, unlike

KD = Distillation(temperature=2, alpha=0.7)


@pytest.fixture
def teacher(tiny_classifier):
    return classifier(tiny_classifier).requires_grad_(False)


@pytest.fixture
def student(teacher):
    return unlike(teacher)


def run(extra, step):
    """The extra's loss, its draw of partners, and the share of the row itself."""
    torch.manual_seed(5)
    partner, share = draw_mix(3, extra.alpha, torch.device("cpu"))
    torch.manual_seed(5)
    (value,) = extra.terms(step, KD).values()
    return value, partner, share


def kd(student, gold, soft, weight):
    """Hinton's loss against soft labels (at T = 2) and gold distributions, by definition."""
    has_gold = gold.sum(-1) > 0
    alpha = torch.where(has_gold, 0.7, 1.0).double()
    of_gold = -(gold * student.log_softmax(-1)).sum(-1)
    of_soft = 4 * (soft * (soft.log() - (student / 2).log_softmax(-1))).sum(-1)
    return (weight * ((1 - alpha) * of_gold + alpha * of_soft)).sum() / weight.sum()


def reference(student_logits, step, partner, share, soft=None):
    """λ · loss against the row's labels + (1 - λ) · loss against the partner's."""
    gold = torch.zeros(3, 2, dtype=torch.float64)
    for row, label in enumerate(step.rows.labels.tolist()):
        if label >= 0:
            gold[row, label] = 1
    stored = (step.rows.teacher_logits.double() / 2).softmax(-1)
    weight = step.rows.weight.double()
    return share * kd(student_logits, gold, stored if soft is None else soft, weight) + (
        1 - share
    ) * kd(
        student_logits,
        gold[partner],
        stored[partner] if soft is None else soft,
        weight[partner],
    )


def mixed_tokens(model, step, partner, share):
    """Logits of a mixed batch in float64, every row by itself and without its padding."""
    model = copy.deepcopy(model).double()
    ids, mask = step.inputs["input_ids"], step.inputs["attention_mask"]
    rows = []
    for row, other in enumerate(partner.tolist()):
        width = max(mask[row].sum(), mask[other].sum())
        vectors = model.get_input_embeddings()(ids[:, :width])
        mixed = share * vectors[row] + (1 - share) * vectors[other]
        rows.append(model(inputs_embeds=mixed[None]).logits[0])
    return torch.stack(rows)


def test_token_mixup_with_stored_soft_labels(student):
    step = tiny_step(student)
    value, partner, share = run(TokenMixup(alpha=1), step)
    expected = reference(mixed_tokens(student, step, partner, share), step, partner, share)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)


def test_token_mixup_with_a_live_teacher(student, teacher):
    step = tiny_step(student, teacher)
    value, partner, share = run(TokenMixup(alpha=1, live=True), step)
    soft = (mixed_tokens(teacher, step, partner, share) / 2).softmax(-1)
    logits = mixed_tokens(student, step, partner, share)
    expected = reference(logits, step, partner, share, soft)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)


def sentence_vectors(model, step):
    model = copy.deepcopy(model).double()
    return model.base_model(**step.inputs).pooler_output, model.classifier


@pytest.mark.parametrize("live", [False, True])
def test_sentence_mixup(student, teacher, live):
    extra = SentenceMixup(alpha=1, live=live)
    step = tiny_step(student, teacher, attach([extra], student, teacher))
    value, partner, share = run(extra, step)

    def logits(model):
        vectors, head = sentence_vectors(model, step)
        return head(share * vectors + (1 - share) * vectors[partner])

    soft = (logits(teacher) / 2).softmax(-1) if live else None
    expected = reference(logits(student), step, partner, share, soft)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_mixed_loss_has_the_gradient_of_the_loss_against_the_mixed_soft_label():
    student = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    one, other = torch.randn(2, 4, 3, dtype=torch.float64).softmax(-1)
    none, weight = torch.zeros(4, 3), torch.ones(4, dtype=torch.float64)
    two = 0.3 * kd(student, none, one, weight) + 0.7 * kd(student, none, other, weight)
    mixed = kd(student, none, 0.3 * one + 0.7 * other, weight)
    found, expected = (torch.autograd.grad(loss, student)[0] for loss in (two, mixed))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    "extra", [TokenMixup(), SentenceMixup(), Noise(), FreeLB()], ids=lambda extra: extra.kind
)
def test_every_kind_reaches_all_that_the_student_learns(student, extra):
    step = tiny_step(student, taps=attach([extra], student, None))
    (value,) = extra.terms(step, KD).values()
    value.backward()
    assert all(p.grad is not None for p in student.bert.encoder.parameters())
    assert student.classifier.weight.grad.abs().sum() > 0


def test_small_noise_changes_little_and_large_noise_much(student):
    step = tiny_step(student)
    plain = total(KD, step.rows, step.student_logits)
    torch.manual_seed(0)
    small, large = (Noise(std=std).terms(step, KD)["noise"] for std in (1e-4, 3.0))
    assert small.item() == pytest.approx(plain.item(), rel=1e-2)
    assert abs(large.item() - plain.item()) > 0.05 * plain.item()


def test_free_lb_is_harder_than_the_plain_batch(student):
    step = tiny_step(student)
    harder = FreeLB(steps=4, step_size=0.5, start=0.01).terms(step, KD)["freelb"]
    assert harder > total(KD, step.rows, step.student_logits)


def test_the_weight_multiplies_the_term(student):
    step = tiny_step(student)
    values = []
    for weight in (1.0, 0.25):
        torch.manual_seed(0)
        values.append(TokenMixup(weight=weight).terms(step, KD)["token_mixup"].item())
    assert values[1] == pytest.approx(values[0] / 4)


def test_a_recipe_names_the_kind():
    read = TypeAdapter(Mixing).validate_python
    assert read({"kind": "freelb", "steps": 2}) == FreeLB(steps=2)
    with pytest.raises(ValueError, match="'token_mixup', 'sentence_mixup', 'noise', 'freelb'"):
        read({"kind": "mixup"})
