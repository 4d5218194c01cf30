import math

import pytest
import torch

from models.distill.objectives import Distillation
from models.distill.step import Step


def step(logits, teacher, labels, weight=None):
    """A step whose student gives just these logits."""
    logits = torch.tensor(logits)

    class Student(torch.nn.Module):
        def forward(self, **inputs):
            return type("Output", (), {"logits": logits})

    return Step(
        student=Student(),
        inputs={},
        labels=torch.tensor(labels),
        teacher_logits=torch.tensor(teacher),
        weight=torch.ones(len(logits)) if weight is None else torch.tensor(weight),
    )


THREE_TO_ONE = [math.log(3.0), 0.0]
KL = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)  # even against three to one


def test_kd_weighs_gold_and_soft():
    terms = Distillation(alpha=0.9, temperature=1).terms(step([THREE_TO_ONE], [[0.0, 0.0]], [0]))
    assert terms["gold"].item() == pytest.approx(0.1 * math.log(4 / 3), rel=1e-5)
    assert terms["soft"].item() == pytest.approx(0.9 * KL, rel=1e-5)


def test_kd_of_a_row_without_a_gold_label_is_the_whole_soft_term():
    terms = Distillation(alpha=0.9, temperature=1).terms(step([THREE_TO_ONE], [[0.0, 0.0]], [-100]))
    assert terms["gold"].item() == 0
    assert terms["soft"].item() == pytest.approx(KL, rel=1e-5)


def test_kd_is_a_mean_weighted_by_row():
    both = step([THREE_TO_ONE, [0.0, 0.0]], [[0.0, 0.0]] * 2, [-100, -100], weight=[1.0, 3.0])
    assert Distillation(temperature=1).terms(both)["soft"].item() == pytest.approx(KL / 4, rel=1e-5)
