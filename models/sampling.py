"""Draws from candidate lists whose outcome hardly ever hangs on the last digits of a logit.

A draw takes the candidate of highest logit plus Gumbel noise (Gumbel 1954; Maddison et al. 2014,
"A* Sampling", section 2), which is a sample of the softmax. The noise of a candidate is a hash of
the row's seed, the place and the candidate, so it is the same in whatever batch the row comes:
a logit that moves by 1e-6 changes a draw once in about a million.
"""

import numpy as np

_EXCLUDED = -np.inf


def draw(
    numbers: np.ndarray,
    logits: np.ndarray,
    allowed: np.ndarray,
    seeds: np.ndarray,
    places: np.ndarray,
    *,
    top_k: int,
    top_p: float = 1.0,
    temperature: float = 1.0,
) -> np.ndarray:
    """One candidate for each place: int64 [places], -1 where none is allowed.

    Args:
        numbers, logits: candidates best first and their scores, [places, candidates].
        allowed: which of them may be drawn, bool [places, candidates].
        seeds: of each place's row, uint64 [places].
        places: what tells the places of one row apart, int64 [places].
        top_k: draws from the `top_k` best that are allowed.
        top_p: and of these from the fewest whose probabilities sum to `top_p` or more.
        temperature: above 1 flattens, below 1 sharpens.
    """
    allowed = allowed & (np.cumsum(allowed, axis=1) <= top_k)
    scores = np.where(allowed, logits.astype(np.float64) / temperature, _EXCLUDED)
    if top_p < 1:
        scores = np.where(_nucleus(scores, top_p), scores, _EXCLUDED)
    noisy = scores + gumbel_noise(seeds, places, numbers)
    best = noisy.argmax(axis=1)
    rows = np.arange(len(best))
    return np.where(np.isfinite(noisy[rows, best]), numbers[rows, best], -1)


def _nucleus(scores: np.ndarray, top_p: float) -> np.ndarray:
    """Top-p (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", section 3.1)."""
    best = scores.max(axis=1, keepdims=True)
    weights = np.exp(scores - np.where(np.isfinite(best), best, 0))
    before = np.cumsum(weights, axis=1) - weights
    return before < top_p * weights.sum(axis=1, keepdims=True)


def gumbel_noise(seeds: np.ndarray, places: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Standard Gumbel noise, float64 in the shape of `numbers`, a function of its arguments."""
    row = _mix(_mix(seeds.astype(np.uint64)) ^ places.astype(np.uint64))
    bits = _mix(row[:, None] ^ _mix(numbers.astype(np.uint64)))
    uniform = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return -np.log(-np.log(uniform))


def _mix(x: np.ndarray) -> np.ndarray:
    """SplitMix64's step and finaliser (Steele et al. 2014, "Fast Splittable PRNGs", figure 16)."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
