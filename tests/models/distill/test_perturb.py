"""Mixed pairs, noise and FreeLB on plain tensors, against references written out in float64."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mashbill.models.distill.perturb import (
    draw_mix,
    embedded,
    free_lb,
    mix,
    mixed_inputs,
    noisy_inputs,
)

LENGTHS = torch.tensor([4, 2, 3])


@pytest.fixture
def inputs():
    generator = torch.Generator().manual_seed(0)
    mask = (torch.arange(4) < LENGTHS[:, None]).long()
    return {
        "inputs_embeds": torch.randn(3, 4, 5, dtype=torch.float64, generator=generator),
        "attention_mask": mask,
        "token_type_ids": torch.tensor([[0, 0, 0, 1], [0, 1, 0, 0], [0, 1, 1, 0]]),
    }


@given(st.integers(1, 50), st.floats(0.05, 5))
def test_partners_are_a_permutation_and_the_share_is_one(rows, alpha):
    partner, share = draw_mix(rows, alpha, torch.device("cpu"))
    assert sorted(partner.tolist()) == list(range(rows))
    assert 0 <= share <= 1


def test_mixing_by_hand():
    vectors = torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    mixed = mix(vectors, torch.tensor([1, 0]), 0.75)
    assert mixed.tolist() == [[1.5, 1.0], [2.5, 3.0]]


def test_mixing_passes_gradcheck():
    vectors = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: mix(v, torch.tensor([2, 0, 1]), 0.3), vectors)


def test_a_place_is_attended_where_either_row_has_a_token(inputs):
    mixed = mixed_inputs(inputs, torch.tensor([1, 2, 0]), 0.4)
    assert mixed["attention_mask"].sum(dim=1).tolist() == [4, 3, 4]
    assert mixed["attention_mask"][1].tolist() == [1, 1, 1, 0]
    assert mixed["token_type_ids"].tolist() == [[0, 0, 0, 1], [0, 1, 1, 0], [0, 1, 1, 1]]
    expected = 0.4 * inputs["inputs_embeds"][1] + 0.6 * inputs["inputs_embeds"][2]
    torch.testing.assert_close(mixed["inputs_embeds"][1], expected)


def test_a_share_of_one_leaves_equally_long_rows_alone(inputs):
    inputs["attention_mask"] = torch.ones(3, 4, dtype=torch.long)
    mixed = mixed_inputs(inputs, torch.tensor([2, 0, 1]), 1.0)
    assert all(torch.equal(mixed[name], inputs[name]) for name in inputs)


def test_embedding_replaces_the_ids():
    embedding = torch.nn.Embedding(9, 3)
    found = embedded({"input_ids": torch.tensor([[1, 2]]), "attention_mask": "kept"}, embedding)
    assert found.keys() == {"inputs_embeds", "attention_mask"}
    assert torch.equal(found["inputs_embeds"], embedding.weight[torch.tensor([[1, 2]])])


def test_noise_has_the_asked_size():
    torch.manual_seed(0)
    vectors = 7 * torch.randn(40, 30, 20)
    inputs = {"inputs_embeds": vectors, "attention_mask": torch.ones(40, 30, dtype=torch.long)}
    noise = noisy_inputs(inputs, 0.1)["inputs_embeds"] - vectors
    assert noise.std().item() == pytest.approx(0.7, rel=0.02)
    assert noise.mean().item() == pytest.approx(0, abs=0.02)


def quadratic(weight: torch.Tensor):
    """A loss with curvature, so that the gradient changes along the ascent."""

    def loss(inputs):
        hidden = torch.tanh(inputs["inputs_embeds"] @ weight) * inputs["attention_mask"][..., None]
        return hidden.square().sum()

    return loss


SETTINGS = {"steps": 3, "step_size": 0.3, "start": 0.2, "radius": 0.25}


def test_free_lb_is_the_paper_s_algorithm(inputs):
    """Algorithm 1 with its gradients accumulated one by one, as the paper writes it."""
    weight = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(3)
    free_lb(inputs, quadratic(weight), **SETTINGS).backward()

    torch.manual_seed(3)
    vectors, mask = inputs["inputs_embeds"], inputs["attention_mask"]
    delta = torch.empty_like(vectors).uniform_(-1, 1)
    for row, length in enumerate(LENGTHS.tolist()):
        delta[row] *= mask[row, :, None] * 0.2 / math.sqrt(length * 5)
    expected = torch.zeros_like(weight)
    for _ in range(3):
        delta = delta.detach().requires_grad_()
        value = quadratic(weight)({**inputs, "inputs_embeds": vectors + delta})
        of_weight, slope = torch.autograd.grad(value, [weight, delta])
        expected += of_weight / 3
        with torch.no_grad():
            delta = delta + 0.3 * slope / slope.flatten(1).norm(dim=1)[:, None, None]
            norm = delta.flatten(1).norm(dim=1)[:, None, None]
            delta = torch.where(norm > 0.25, delta * 0.25 / norm, delta)
    torch.testing.assert_close(weight.grad, expected)


def test_free_lb_climbs(inputs):
    weight = torch.randn(5, 2, dtype=torch.float64)
    seen = []

    def loss(perturbed):
        seen.append(quadratic(weight)(perturbed))
        return seen[-1]

    free_lb(inputs, loss, steps=4, step_size=0.1, start=0.01, radius=None)
    assert seen == sorted(seen)


def test_free_lb_leaves_padding_alone_and_stays_within_its_radius(inputs):
    shifts = []

    def loss(perturbed):
        shifts.append(perturbed["inputs_embeds"] - inputs["inputs_embeds"])
        return quadratic(torch.ones(5, 1, dtype=torch.float64))(perturbed)

    free_lb(inputs, loss, steps=5, step_size=1.0, start=0.1, radius=0.25)
    padding = inputs["attention_mask"] == 0
    assert all(not shift[padding].any() for shift in shifts)
    norms = torch.stack([shift.flatten(1).norm(dim=1) for shift in shifts])
    assert (norms <= 0.25 + 1e-9).all()
    torch.testing.assert_close(norms[-1], torch.full((3,), 0.25, dtype=torch.float64))


def test_all_steps_of_free_lb_see_the_same_dropout(inputs):
    kept = []

    def loss(perturbed):
        kept.append(torch.nn.functional.dropout(torch.ones(100)))
        return perturbed["inputs_embeds"].sum()

    free_lb(inputs, loss, **SETTINGS)
    assert all(torch.equal(kept[0], other) for other in kept)
