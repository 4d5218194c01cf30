"""Losses against values worked out by hand and against a plain float64 reference."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mashbill.models.distill.losses import divergence, gold_loss, soft_loss, weighted_mean


def reference_softmax(row):
    scores = np.exp(np.asarray(row, np.float64) - max(row))
    return scores / scores.sum()


def reference_soft(teacher, student, temperature, form, student_temperature=True):
    """Straight from the formulas, one row, float64."""
    if form == "mse":
        return np.mean([(t - s) ** 2 for t, s in zip(teacher, student, strict=True)])
    p = reference_softmax([t / temperature for t in teacher])
    own = temperature if student_temperature else 1
    q = reference_softmax([s / own for s in student])
    cross = -sum(a * math.log(b) for a, b in zip(p, q, strict=True))
    entropy = -sum(a * math.log(a) for a in p)
    return own**2 * (cross - (entropy if form == "kl" else 0))


def test_kl_of_even_against_three_to_one():
    even, three_to_one = torch.zeros(1, 2), torch.tensor([[math.log(3.0), 0.0]])
    expected = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    assert divergence(even, three_to_one).item() == pytest.approx(expected, rel=1e-6)


def test_temperature_divides_both_and_multiplies_the_loss_by_its_square():
    teacher, student = torch.zeros(1, 2), torch.tensor([[2 * math.log(3.0), 0.0]])
    once = divergence(teacher, student / 2)
    assert torch.allclose(soft_loss(teacher, student, temperature=2), 4 * once)


def test_without_temperature_on_the_student():
    teacher, student = torch.tensor([[2.0, 0.0]]), torch.tensor([[1.0, 0.0]])
    loss = soft_loss(teacher, student, temperature=2, student_temperature=False)
    assert loss.item() == pytest.approx(0, abs=1e-7)


def test_mse_is_the_mean_over_classes():
    loss = soft_loss(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]]), form="mse")
    assert loss.item() == 2.5


def test_a_row_without_a_gold_label_adds_nothing():
    rows = gold_loss(torch.zeros(2, 4), torch.tensor([3, -100]))
    assert rows.tolist() == pytest.approx([math.log(4), 0])


def test_weighted_mean():
    assert weighted_mean(torch.tensor([1.0, 5.0]), torch.tensor([3.0, 1.0])).item() == 2
    assert weighted_mean(torch.tensor([1.0, 5.0]), torch.zeros(2)).item() == 0


LOGITS = st.lists(st.floats(-8, 8, width=32), min_size=3, max_size=3)


@given(LOGITS, LOGITS, st.sampled_from([0.5, 1, 2, 4]), st.sampled_from(["kl", "ce", "mse"]))
def test_equals_the_reference(teacher, student, temperature, form):
    ours = soft_loss(
        torch.tensor([teacher], dtype=torch.float64),
        torch.tensor([student], dtype=torch.float64),
        temperature=temperature,
        form=form,
    )
    expected = reference_soft(teacher, student, temperature, form)
    assert ours.item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("form", ["kl", "ce", "mse"])
def test_gradients(form):
    generator = torch.Generator().manual_seed(0)
    teacher, student = (
        torch.randn(4, 3, dtype=torch.float64, generator=generator, requires_grad=True)
        for _ in range(2)
    )
    assert torch.autograd.gradcheck(
        lambda t, s: soft_loss(t, s, temperature=2, form=form), (teacher, student)
    )
