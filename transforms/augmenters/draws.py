"""Random numbers that depend on a row's seed and a place in it, never on the batch around them.

Counter based (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): the finaliser of
SplitMix64 (Steele et al. 2014) applied to seed, stream and place, for a whole batch at once.
"""

import zlib

import numpy as np

from mashbill.transforms.augmenters.rng import mix as mix_one

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = (np.uint64(shift) for shift in (30, 27, 31, 11))


def mix(numbers: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser: a bijection of uint64 that spreads every bit."""
    numbers = (numbers ^ (numbers >> _30)) * _FIRST
    numbers ^= numbers >> _27
    numbers *= _SECOND
    numbers ^= numbers >> _31
    return numbers


def bits(
    seeds: np.ndarray,
    rows: np.ndarray,
    places: np.ndarray,
    stream: str,
    origins: np.ndarray | None = None,
) -> np.ndarray:
    """uint64 per place: random bits of (seeds[rows], place, stream).

    Args:
        seeds: uint64 [texts].
        rows: which text each place belongs to, int [n].
        places: what tells draws of a row apart, such as an offset in its text, int [n].
        stream: what the draw is for; draws of two streams are independent.
        origins: from where the places of each text count, int64 [texts]; 0 without it.
    """
    keys = mix(seeds ^ np.uint64(mix_one(zlib.crc32(stream.encode()))))
    keys += _STEP if origins is None else (1 - origins).astype(np.uint64) * _STEP
    numbers = places.astype(np.uint64)
    numbers *= _STEP
    numbers += keys[rows]
    return mix(numbers)


def unit(bits: np.ndarray) -> np.ndarray:
    """Random bits, uint64 [n], as float64 in [0, 1)."""
    return (bits >> _11) * 2.0**-53


def choose(
    draws: np.ndarray,
    rows: np.ndarray,
    texts: int,
    rate: float | np.ndarray,
    low: int,
    high: int | None,
) -> np.ndarray:
    """bool [n]: each place is taken with probability `rate`, by its uniform draw.

    Where that makes fewer than `low` (or more than `high`) in a row, the row's `low` (`high`)
    smallest draws are taken.

    Args:
        draws: float64 [n]; rows: sorted row of each, int [n]; texts: how many rows there are.
        rate: of all places, or of each, float64 [n].
    """
    taken = draws < rate
    counts = np.bincount(rows[taken], minlength=texts)
    if low:
        _fix(taken, draws, rows, counts < low, low)
    if high is not None:
        _fix(taken, draws, rows, counts > high, high)
    return taken


def _fix(taken, draws, rows, wrong: np.ndarray, wanted: int) -> None:
    members = np.flatnonzero(wrong[rows])
    if not len(members):
        return
    if wanted == 1:
        begins = np.flatnonzero(np.diff(rows[members], prepend=-1))
        least = np.minimum.reduceat(draws[members], begins)
        sizes = np.diff(begins, append=len(members))
        taken[members] = draws[members] == np.repeat(least, sizes)
        return
    order = members[np.lexsort((draws[members], rows[members]))]
    sorted_rows = rows[order]
    first = np.flatnonzero(np.r_[True, sorted_rows[1:] != sorted_rows[:-1]])
    sizes = np.diff(np.r_[first, len(order)])
    rank = np.arange(len(order)) - np.repeat(first, sizes)
    taken[order] = rank < wanted
