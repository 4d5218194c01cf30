import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mashbill.models.sampling import ANOTHER, draw, gumbel_noise


def draw_many(logits, n=20_000, allowed=None, **options):
    """The same place drawn with n seeds: how often each candidate came."""
    logits = torch.tensor(logits).expand(n, -1)
    numbers = torch.arange(logits.shape[1]).expand(n, -1)
    allowed = torch.tensor([True] if allowed is None else allowed).expand(n, logits.shape[1])
    seeds = torch.arange(n)
    options = {"top_k": 100} | options
    found = draw(numbers, logits, allowed, seeds, torch.zeros(n, dtype=torch.long), **options)
    found = found[:, 0].numpy()
    return np.array([(found == i).mean() for i in range(-1, logits.shape[1])])


def test_draws_follow_the_softmax():
    logits = np.array([2.0, 1.0, 0.0, -1.0])
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(draw_many(logits)[1:], expected, atol=0.015)


def test_temperature_flattens():
    logits = np.array([2.0, 0.0])
    expected = np.exp(logits / 4) / np.exp(logits / 4).sum()
    np.testing.assert_allclose(draw_many(logits, temperature=4.0)[1:], expected, atol=0.015)


def test_top_k_counts_only_the_allowed():
    found = draw_many([3.0, 2.0, 1.0, 0.0], allowed=[False, True, True, True], top_k=2)
    assert found[1] == found[4] == 0
    assert found[2] > found[3] > 0


def test_top_p_keeps_the_fewest_that_reach_it():
    logits = np.log([0.6, 0.3, 0.1])
    np.testing.assert_allclose(draw_many(logits, top_p=0.6)[1:], [1, 0, 0])
    np.testing.assert_allclose(draw_many(logits, top_p=0.7)[1:], [2 / 3, 1 / 3, 0], atol=0.015)


def test_min_p_drops_what_is_less_likely_than_a_share_of_the_best_that_is_allowed():
    logits = np.log([0.6, 0.3, 0.06, 0.04])
    np.testing.assert_allclose(draw_many(logits, min_p=0.2)[3:], [0, 0])
    found = draw_many(logits, allowed=[False, True, True, True], min_p=0.15)
    assert found[3] > 0 == found[4]


def test_the_noise_is_that_of_splitmix64_as_it_is_written_down():
    def mix(x):
        x = (x + 0x9E3779B97F4A7C15) % 2**64
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
        return x ^ (x >> 31)

    for seed, place, number in ((0, 0, 0), (2**64 - 1, 7, 3), (2**63, 2**41 + 5, 29_999)):
        uniform = ((mix(mix(mix(seed) ^ place) ^ mix(number)) >> 11) + 0.5) / 2**53
        signed = torch.tensor([seed - (seed >> 63 << 64)])
        found = gumbel_noise(signed, torch.tensor([place]), torch.tensor([[number]]))
        assert found.item() == pytest.approx(-math.log(-math.log(uniform)), rel=1e-12)


def test_several_draws_are_what_single_ones_would_be():
    numbers, logits = torch.arange(5).expand(50, -1), torch.zeros(50, 5)
    seeds, places = torch.arange(50), torch.full((50,), 3)
    how = (numbers, logits, torch.ones(50, 5, dtype=torch.bool), seeds)
    both = draw(*how, places, top_k=5, draws=2)
    assert both[:, :1].equal(draw(*how, places, top_k=5))
    assert both[:, 1:].equal(draw(*how, places + ANOTHER, top_k=5))
    assert not both[:, 0].equal(both[:, 1])


def test_nothing_allowed_gives_none():
    assert draw_many([1.0, 0.0], n=3, allowed=[False, False])[0] == 1
    assert draw_many([1.0, 0.0], n=3, allowed=[False, False], top_p=0.5)[0] == 1


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**6), st.permutations(range(8)))
def test_noise_belongs_to_the_candidate_not_its_rank(seed, place, order):
    def noise(numbers):
        of_row = torch.tensor([seed - (seed >> 63 << 64)])
        return gumbel_noise(of_row, torch.tensor([place]), torch.tensor([list(numbers)]))[0]

    assert noise(order).equal(noise(range(8))[list(order)])
    assert noise(order).isfinite().all()


def test_noise_has_the_gumbel_mean_and_variance():
    zero = torch.zeros(1, dtype=torch.long)
    noise = gumbel_noise(zero, zero, torch.arange(200_000)[None]).numpy()
    assert abs(noise.mean() - np.euler_gamma) < 0.01
    assert abs(noise.var() - np.pi**2 / 6) < 0.03
