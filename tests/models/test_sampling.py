import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mashbill.models.sampling import draw, gumbel_noise


def draw_many(logits, n=20_000, allowed=None, **options):
    """The same place drawn with n seeds: how often each candidate came."""
    logits = np.tile(np.array(logits), (n, 1))
    numbers = np.tile(np.arange(logits.shape[1]), (n, 1))
    allowed = np.ones_like(numbers, bool) if allowed is None else np.tile(allowed, (n, 1))
    seeds = np.arange(n, dtype=np.uint64)
    options = {"top_k": 100} | options
    found = draw(numbers, logits, allowed, seeds, np.zeros(n, np.int64), **options)
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


def test_nothing_allowed_gives_none():
    assert draw_many([1.0, 0.0], n=3, allowed=[False, False])[0] == 1
    assert draw_many([1.0, 0.0], n=3, allowed=[False, False], top_p=0.5)[0] == 1


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**6), st.permutations(range(8)))
def test_noise_belongs_to_the_candidate_not_its_rank(seed, place, order):
    def noise(numbers):
        return gumbel_noise(
            np.array([seed], np.uint64), np.array([place]), np.array([list(numbers)])
        )[0]

    assert (noise(order) == noise(range(8))[list(order)]).all()
    assert np.isfinite(noise(order)).all()


def test_noise_has_the_gumbel_mean_and_variance():
    noise = gumbel_noise(np.zeros(1, np.uint64), np.zeros(1, np.int64), np.arange(200_000)[None])
    assert abs(noise.mean() - np.euler_gamma) < 0.01
    assert abs(noise.var() - np.pi**2 / 6) < 0.03
