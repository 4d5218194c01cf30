"""Matching of inner states, against the models' own attentions and hidden states."""

import pytest
import torch
from transformers import AutoModelForSequenceClassification, BertConfig

from mashbill.models.distill.extras import LEARNED, attach, detach
from mashbill.models.distill.matching import HiddenStates, Relations
from mashbill.models.distill.objectives import Distillation
from mashbill.models.distill.relations import (
    even_layers,
    hidden_distance,
    relation,
    relation_distance,
)
from mashbill.models.errors import ModelError
from tests.models.distill.steps import classifier, tiny_step


@pytest.fixture
def teacher(tiny_classifier):
    return classifier(tiny_classifier).requires_grad_(False)


@pytest.fixture
def student(teacher):
    """One layer, another width, the same heads."""
    torch.manual_seed(2)
    config = BertConfig(**{**teacher.config.to_dict(), "num_hidden_layers": 1, "hidden_size": 16})
    return AutoModelForSequenceClassification.from_config(config).eval()


def value_of(extra, student, teacher):
    step = tiny_step(student, teacher, attach([extra], student, teacher))
    (value,) = extra.terms(step, Distillation()).values()
    return value, step


def inner(model, step):
    model.set_attn_implementation("eager")
    return model.base_model(**step.inputs, output_hidden_states=True, output_attentions=True)


def weighted(rows, step):
    return (sum(rows) / len(rows) if isinstance(rows, list) else rows) @ step.rows.weight / 3.5


def row_means(per_token, step):
    mask = step.inputs["attention_mask"]
    return torch.stack([t[: m.sum()].mean() for t, m in zip(per_token, mask, strict=True)])


def test_hidden_states_are_compared_after_a_projection(student, teacher):
    value, step = value_of(HiddenStates(), student, teacher)
    projections = getattr(student, LEARNED)
    assert sorted(projections) == ["hidden_0", "hidden_1"]
    ours, theirs = inner(student, step).hidden_states, inner(teacher, step).hidden_states
    rows = [
        row_means((projections[f"hidden_{i}"](ours[i]) - theirs[j]).square().mean(-1), step)
        for i, j in ((0, 0), (1, 2))
    ]
    torch.testing.assert_close(value, weighted(rows, step))
    value.backward()
    assert projections["hidden_1"].weight.grad.abs().sum() > 0
    detach(student)
    assert not any("learned" in name for name in student.state_dict())


def test_models_of_one_width_need_no_projection(teacher, tiny_classifier):
    value, step = value_of(HiddenStates(layers={2: 2}), classifier(tiny_classifier), teacher)
    assert value.item() == pytest.approx(0, abs=1e-10)
    assert not hasattr(step.student.model, LEARNED)


def test_relations_are_the_models_own_attention(student, teacher):
    value, step = value_of(Relations(use=("attention",)), student, teacher)
    ours, theirs = inner(student, step).attentions[-1], inner(teacher, step).attentions[-1]
    tiny = 1e-30  # keeps log finite at padding, where both are 0
    of_tokens = (theirs * ((theirs + tiny).log() - (ours + tiny).log())).sum(-1).mean(1)
    torch.testing.assert_close(value, weighted(row_means(of_tokens, step), step))


def test_relations_of_values(student, teacher):
    value, step = value_of(Relations(use=("value",), layers={1: 1}, heads=4), student, teacher)

    def relations(model, row, width):
        states = inner(model, step).hidden_states[0][row, :width]
        values = model.base_model.encoder.layer[0].attention.self.value(states)
        parts = values.view(width, 4, -1).transpose(0, 1)
        return (parts @ parts.mT / parts.shape[-1] ** 0.5).log_softmax(-1)

    rows = []
    for row, width in enumerate(step.inputs["attention_mask"].sum(1).tolist()):
        wanted, found = relations(teacher, row, width), relations(student, row, width)
        rows.append((wanted.exp() * (wanted - found)).sum(-1).mean())
    torch.testing.assert_close(value, weighted(torch.stack(rows), step))


@pytest.mark.parametrize("left_is_right", [False, True])
def test_relations_pass_gradcheck(left_is_right):
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    teacher = relation(*torch.randn(2, 2, 3, 4, dtype=torch.float64), 2, mask)

    def distance(left, right):
        found = relation(left, left if left_is_right else right, 2, mask)
        return relation_distance(teacher, found, mask)

    vectors = [torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(distance, vectors)


def test_hidden_distance_passes_gradcheck():
    mask = torch.tensor([[1, 1, 1], [1, 0, 0]])
    states = [torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(lambda a, b: hidden_distance(a, b, mask), states)


@pytest.mark.parametrize("extra", [HiddenStates(), Relations()])
def test_rows_with_the_soft_label_of_their_source_are_left_out(extra, student, teacher):
    taps = attach([extra], student, teacher)
    own = torch.tensor([True, False, True])
    (value,) = extra.terms(tiny_step(student, teacher, taps, own=own), Distillation()).values()
    weight = torch.tensor([1.0, 0.0, 2.0])
    step = tiny_step(student, teacher, taps, weight=weight)
    (without,) = extra.terms(step, Distillation()).values()
    torch.testing.assert_close(value, without)


def test_padding_counts_for_nothing(student, teacher):
    both = (HiddenStates(), Relations())
    values = []
    for width in (0, 7):
        torch.manual_seed(0)
        step = tiny_step(student, teacher, attach(both, student, teacher))
        for tensor in step.inputs:
            step.inputs[tensor] = torch.nn.functional.pad(step.inputs[tensor], (0, width))
        values.append([extra.terms(step, Distillation()) for extra in both])
    torch.testing.assert_close(*values)


def test_layers_are_spread_evenly():
    assert even_layers(3, 6) == {0: 0, 1: 2, 2: 4, 3: 6}
    assert even_layers(2, 5) == {0: 0, 1: 3, 2: 5}


def test_layers_and_heads_must_exist(student, teacher):
    with pytest.raises(ModelError, match="layer 2: the student has layers 0 to 1"):
        attach([HiddenStates(layers={2: 2})], student, teacher)
    with pytest.raises(ModelError, match="layer 0: the teacher has layers 1 to 2"):
        attach([Relations(layers={1: 0})], student, teacher)
    with pytest.raises(ModelError, match="3 does not divide the student's width, 16"):
        attach([Relations(heads=3)], student, teacher)
