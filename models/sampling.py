"""Draws from candidate lists whose outcome hardly ever hangs on the last digits of a logit.

A draw takes the candidate of highest logit plus Gumbel noise (Gumbel 1954; Maddison et al. 2014,
"A* Sampling", section 2), which is a sample of the softmax. The noise of a candidate is a hash of
the row's seed, the place and the candidate, so it is the same in whatever batch the row comes:
a logit that moves by 1e-6 changes a draw once in about a million. All of it happens where the
logits are, so that a GPU gives back what was drawn and not what it was drawn from.
"""

import math

import torch
from torch import Tensor

ANOTHER = 1 << 40  # added to a place for one more draw


def draw(
    numbers: Tensor,
    logits: Tensor,
    allowed: Tensor,
    seeds: Tensor,
    places: Tensor,
    *,
    top_k: int,
    top_p: float = 1.0,
    min_p: float = 0.0,
    temperature: float = 1.0,
    draws: int = 1,
) -> Tensor:
    """Candidates for each place: int64 [places, draws], -1 where none is allowed.

    Args:
        numbers, logits: candidates best first and their scores, [places, candidates].
        allowed: which of them may be drawn, bool [places, candidates].
        seeds: of each place's row, 64 bits as an int64 [places].
        places: what tells the places of one row apart, int64 [places], below `ANOTHER`.
        top_k: draws from the `top_k` best that are allowed.
        top_p: and of these from the fewest whose probabilities sum to `top_p` or more.
        min_p: first of all drops what has less than this share of the best one's probability.
        temperature: above 1 flattens, below 1 sharpens.
        draws: how many, each as if it were the only one.
    """
    if min_p > 0:
        best = logits.masked_fill(~allowed, -torch.inf).amax(dim=1, keepdim=True)
        allowed = allowed & (logits >= best + math.log(min_p))
    allowed = allowed & (allowed.cumsum(dim=1) <= top_k)
    scores = (logits.double() / temperature).masked_fill(~allowed, -torch.inf)
    if top_p < 1:
        scores = scores.masked_fill(~_nucleus(scores, top_p), -torch.inf)
    drawn = [_one(numbers, scores, seeds, places + n * ANOTHER) for n in range(draws)]
    return torch.stack(drawn, dim=1)


def _one(numbers: Tensor, scores: Tensor, seeds: Tensor, places: Tensor) -> Tensor:
    best, rank = (scores + gumbel_noise(seeds, places, numbers)).max(dim=1, keepdim=True)
    return numbers.gather(1, rank).masked_fill(best.isinf(), -1).squeeze(1)


def _nucleus(scores: Tensor, top_p: float) -> Tensor:
    """Top-p (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", section 3.1)."""
    best = scores.amax(dim=1, keepdim=True)
    weights = (scores - best.masked_fill(best.isinf(), 0)).exp()
    before = weights.cumsum(dim=1) - weights
    return before < top_p * weights.sum(dim=1, keepdim=True)


def gumbel_noise(seeds: Tensor, places: Tensor, numbers: Tensor) -> Tensor:
    """Standard Gumbel noise, float64 in the shape of `numbers`, a function of its arguments."""
    row = _mix(_mix(seeds) ^ places)
    bits = _mix(row[:, None] ^ _mix(numbers))
    uniform = (_shifted(bits, 11).double() + 0.5) * 2.0**-53
    return -(-uniform.log()).log()


def _mix(x: Tensor) -> Tensor:
    """SplitMix64's step and finaliser (Steele et al. 2014, "Fast Splittable PRNGs", figure 16)."""
    x = x + _signed(0x9E3779B97F4A7C15)
    x = (x ^ _shifted(x, 30)) * _signed(0xBF58476D1CE4E5B9)
    x = (x ^ _shifted(x, 27)) * _signed(0x94D049BB133111EB)
    return x ^ _shifted(x, 31)


def _shifted(x: Tensor, bits: int) -> Tensor:
    """To the right, as the uint64 that torch has no arithmetic for."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _signed(number: int) -> int:
    return number - (number >> 63 << 64)
