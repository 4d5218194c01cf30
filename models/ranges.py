"""Stretches of numbers, end to end."""

import numpy as np


def ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """arange(start, start + count) for each pair, end to end."""
    skipped = np.cumsum(counts) - counts
    return np.arange(counts.sum()) + np.repeat(starts - skipped, counts)
