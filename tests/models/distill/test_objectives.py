import math

import pytest
import torch
from pydantic import TypeAdapter

from mashbill.models.distill.kd import Distillation
from mashbill.models.distill.losses import divergence
from mashbill.models.distill.objectives import Objective
from mashbill.models.distill.selective import (
    HardestVariants,
    PseudoLabels,
    balanced,
    divergences,
    hardest,
)
from mashbill.models.distill.watch import Watch
from mashbill.models.tasks.single import Single
from tests.models.distill.steps import classifier, known, tiny_step


def terms(objective, logits, teacher, labels=None, **columns):
    """Of a student that gives just these logits."""
    return objective.terms(known(teacher, labels, **columns), torch.tensor(logits), Watch())


THREE_TO_ONE = [math.log(3.0), 0.0]
KL = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)  # even against three to one


def test_kd_weighs_gold_and_soft():
    found = terms(Distillation(alpha=0.9, temperature=1), [THREE_TO_ONE], [[0.0, 0.0]], [0])
    assert found["gold"].item() == pytest.approx(0.1 * math.log(4 / 3), rel=1e-5)
    assert found["soft"].item() == pytest.approx(0.9 * KL, rel=1e-5)


def test_kd_of_a_row_without_a_gold_label_is_the_whole_soft_term():
    found = terms(Distillation(alpha=0.9, temperature=1), [THREE_TO_ONE], [[0.0, 0.0]])
    assert found["gold"].item() == 0
    assert found["soft"].item() == pytest.approx(KL, rel=1e-5)


def test_kd_is_a_mean_weighted_by_row():
    logits, weight = [THREE_TO_ONE, [0.0, 0.0]], torch.tensor([1.0, 3.0])
    found = terms(Distillation(temperature=1), logits, [[0.0, 0.0]] * 2, weight=weight)
    assert found["soft"].item() == pytest.approx(KL / 4, rel=1e-5)


def logits_for(confidence):
    """Of two classes, with this probability for the first."""
    return [math.log(confidence / (1 - confidence)), 0.0]


def test_sld_leaves_out_what_the_teacher_doubts():
    sure_and_unsure = [logits_for(0.9), logits_for(0.7)]
    found = terms(PseudoLabels(threshold=0.8, alpha=1), [[0.0, 0.0]] * 2, sure_and_unsure)
    expected = 0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5)
    assert found["soft"].item() == pytest.approx(expected / 2, rel=1e-5)


@pytest.mark.parametrize(
    ("weighting", "expected"),
    [
        ("none", [1, 1]),
        ("confidence", [0.9, 0.7]),
        ("entropy", [1 + (p * math.log2(p) + (1 - p) * math.log2(1 - p)) for p in (0.9, 0.7)]),
    ],
)
def test_sld_weights(weighting, expected):
    two = known([logits_for(0.9), logits_for(0.7)])
    shares = PseudoLabels(threshold=0, weighting=weighting).shares(two, Watch())
    assert shares.tolist() == pytest.approx(expected, rel=1e-5)


def test_sld_balance_gives_classes_the_same_sum():
    shares = balanced(torch.tensor([1.0, 1.0, 0.5, 0.5, 0.0]), torch.tensor([0, 0, 0, 1, 2]), 4)
    assert shares.tolist() == pytest.approx([0.6, 0.6, 0.3, 1.5, 0])


def test_sld_balance_without_any_row():
    assert balanced(torch.zeros(2), torch.tensor([0, 1]), 2).tolist() == [0, 0]


def test_sld_sharpens_the_soft_label():
    # 0.75² : 0.25² is 0.9 : 0.1
    sharpening = PseudoLabels(threshold=0, sharpen=0.5, alpha=1)
    found = terms(sharpening, [logits_for(0.9)], [logits_for(0.75)])
    assert found["soft"].item() == pytest.approx(0, abs=1e-6)


def test_sld_logs_the_share_in_use_by_class_and_augmenter():
    logits = [logits_for(0.9), logits_for(0.6), logits_for(0.05)]
    watch = Watch({"class": ("positive", "negative"), "augmenter": ("none", "typo")})
    rows = known(logits, augmenter=torch.tensor([0, 1, 1]))
    PseudoLabels(threshold=0.8).terms(rows, torch.zeros(3, 2), watch)
    assert watch.means() == pytest.approx(
        {
            "used": 2 / 3,
            "used/class/positive": 0.5,
            "used/class/negative": 1,
            "used/augmenter/none": 1,
            "used/augmenter/typo": 0.5,
        }
    )


def test_hardest_variants_of_each_source():
    hardness = torch.tensor([9.0, 0.1, 0.3, 0.2, 0.0, 0.5, 0.4])
    source = torch.tensor([7, 7, 7, 7, 3, 3, 3])
    variant = torch.tensor([False, True, True, True, False, True, True])
    assert hardest(hardness, source, variant, 1).tolist() == [0, 2, 4, 5]
    assert hardest(hardness, source, variant, 2).tolist() == [0, 2, 3, 4, 5, 6]
    assert hardest(hardness, source, variant, 9).tolist() == list(range(7))


def test_divergences_are_those_of_one_forward_of_the_padded_batch(tiny_classifier):
    step = tiny_step(classifier(tiny_classifier))
    logits = step.student.logits(step.inputs).detach()
    expected = divergence(step.rows.teacher_logits, logits)
    torch.testing.assert_close(divergences(step, Single()), expected, atol=1e-6, rtol=1e-5)


def test_select_trains_on_the_hardest_variant_alone(tiny_classifier):
    student = classifier(tiny_classifier).train()
    logits = classifier(tiny_classifier)(**tiny_step(student).inputs).logits.detach()
    wrong = logits.clone()
    wrong[1] += torch.tensor([0.5, 0.0])
    wrong[2] += torch.tensor([2.0, 0.0])
    whole = tiny_step(
        student,
        teacher_logits=wrong,
        source=torch.tensor([0, 0, 0]),
        variant=torch.tensor([False, True, True]),
        augmenter=torch.tensor([0, 1, 2]),
        watch=Watch({"augmenter": ("none", "a", "b")}),
    )
    chosen = HardestVariants(keep=1).choose(whole)
    assert student.training
    assert torch.equal(chosen.rows.teacher_logits, wrong[[0, 2]])
    width = int(whole.inputs["attention_mask"][[0, 2]].sum(1).max())
    assert torch.equal(chosen.inputs["input_ids"], whole.inputs["input_ids"][[0, 2], :width])
    found = whole.watch.means()
    assert found["kept/augmenter/b"] == 1
    assert found["kept/augmenter/a"] == 0
    assert "kept/augmenter/none" not in found
    assert found["divergence/kept"] > found["divergence/variants"]


@pytest.mark.parametrize("kind", ["kd", "sld", "select"])
def test_kinds_in_a_recipe(kind):
    assert TypeAdapter(Objective).validate_python({"kind": kind}).kind == kind
