"""How sure a figure is: bootstrap intervals, and tests of two models on the same rows."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

RESAMPLES = 2000
RESAMPLES_OF_FIGURES = 300  # each calls a function
MEMORY = 2**26  # elements that are resampled at a time


class Interval(NamedTuple):
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """Of two models' accuracies on the same rows, first minus second.

    Attributes:
        p_bootstrap: two-sided, of the paired bootstrap (Efron and Tibshirani 1993, chapter 16).
        p_mcnemar: two-sided and exact (McNemar 1947): the rows that just one of them has right.
    """

    value: float
    low: float
    high: float
    p_bootstrap: float
    p_mcnemar: float


def interval(values: np.ndarray) -> Interval:
    """Of the mean of one value per row, by the percentile bootstrap; always the same for them.

    Of bool values it is Wilson's (1927), which holds for two rows and for all or none of them too.
    """
    if values.dtype == bool:
        return share(int(values.sum()), len(values))
    value = float(np.mean(values))
    if np.all(values == values[0]):
        return Interval(value, value, value)
    bounds = _bootstrap(values).confidence_interval
    return Interval(value, float(bounds.low), float(bounds.high))


def share(successes: int, rows: int) -> Interval:
    """Of `successes` among at least one row, by Wilson's score interval."""
    from scipy.stats import binomtest

    bounds = binomtest(successes, rows).proportion_ci(method="wilson")
    return Interval(successes / rows, float(bounds.low), float(bounds.high))


def intervals(
    figures: Callable[[np.ndarray], Mapping[str, float | None]], rows: int
) -> dict[str, Interval | None]:
    """Of figures that are no mean of one value per row, such as macro F1, by the bootstrap.

    The percentile interval, moved by the mean gap between the resamples and the figure: rows that
    are drawn twice make a calibration error larger, and the recall of the worst class smaller,
    than they are. It stays within the values that were seen.

    Args:
        figures: of the rows at these places, int64 [any]; None for one that they do not have.
        rows: how many there are, at least one.
    """
    rng = np.random.default_rng(0)
    drawn = [figures(rng.integers(0, rows, rows)) for _ in range(RESAMPLES_OF_FIGURES)]
    return {
        key: None if value is None else _unbiased(value, [one[key] for one in drawn])
        for key, value in figures(np.arange(rows)).items()
    }


def _unbiased(value: float, drawn: list[float | None]) -> Interval:
    known = np.array([one for one in drawn if one is not None] or [value], np.float64)
    low, high = np.quantile(known, [0.025, 0.975]) - (known.mean() - value)
    return Interval(
        value, float(max(low, min(value, known.min()))), float(min(high, max(value, known.max())))
    )


def difference(
    first: np.ndarray, second: np.ndarray, right: tuple[np.ndarray, np.ndarray] | None = None
) -> Difference:
    """Of two models on the same rows, by a value for each row.

    Args:
        right: whether each model is right, bool [rows] twice; without it, the values say so.
    """
    from scipy.stats import binomtest

    gaps = first.astype(np.float64) - second
    signs = gaps if right is None else right[0].astype(np.int64) - right[1]
    only_first, only_second = int((signs > 0).sum()), int((signs < 0).sum())
    unequal = only_first + only_second
    p_mcnemar = binomtest(only_first, unequal).pvalue if unequal else 1.0
    value, low, high = interval(gaps)
    if low == high:
        return Difference(value, low, high, float(value == 0), float(p_mcnemar))
    drawn = _bootstrap(gaps).bootstrap_distribution
    tail = min((drawn <= 0).mean(), (drawn >= 0).mean())
    p_bootstrap = min(1.0, 2 * max(tail, 1 / RESAMPLES))
    return Difference(value, low, high, float(p_bootstrap), float(p_mcnemar))


def _bootstrap(values: np.ndarray):
    from scipy.stats import bootstrap

    return bootstrap(
        (values.astype(np.float64),),
        np.mean,
        n_resamples=RESAMPLES,
        batch=max(1, MEMORY // len(values)),
        method="percentile",
        rng=np.random.default_rng(0),
    )
