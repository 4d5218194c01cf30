"""Which method makes which copy: drawn in proportion to the shares, from the source's id alone."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, count
from typing import Any, NamedTuple

import numpy as np

from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.draws import unit
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.examples import seed_of
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE


class Method(NamedTuple):
    """How to build an augmenter for texts of a language, and its share of the copies.

    Attributes:
        labels: what the classes are called, by number; empty in a task without classes.
    """

    spec: Mapping[str, Any]
    share: float
    language: str = DEFAULT_LANGUAGE
    labels: tuple[str, ...] = ()

    def augmenter(self) -> Augmenter:
        return build(self.spec, self.language).with_labels(self.labels)


class Job(NamedTuple):
    """One copy to make: the source's row in the batch, the copy's number, the method's index."""

    row: int
    copy: int
    method: int


def assign(
    sources: Iterable[tuple[int, str]], copies: range, shares: Sequence[float], seed: int
) -> list[Job]:
    """Draws a method for each copy of each source (row, id)."""
    bounds = np.cumsum(shares) / np.sum(shares)
    places = [(row, source_id, copy) for row, source_id in sources for copy in copies]
    draws = [seed_of(seed, source_id, "method", copy) for _, source_id, copy in places]
    # In [0, 1): the top 53 bits, so that rounding never reaches 1.
    uniforms = unit(np.array(draws, np.uint64))
    methods = np.searchsorted(bounds, uniforms, "right").tolist()
    return [Job(row, copy, m) for (row, _, copy), m in zip(places, methods, strict=True)]


def other_methods(
    source_id: str, copy: int, first: int, shares: Sequence[float], seed: int
) -> Iterator[int]:
    """The methods but the `first`, in the order in which a copy tries them.

    They are drawn without replacement, each time in proportion to the shares of what is left.
    """
    left = [method for method in range(len(shares)) if method != first]
    for draw in count(1):
        if not left:
            return
        bounds = list(accumulate(shares[method] for method in left))
        uniform = (seed_of(seed, source_id, "method", copy, draw) >> 11) * 2.0**-53
        place = bisect_right(bounds, uniform * bounds[-1])
        yield left.pop(min(place, len(left) - 1))  # rounding may reach the last bound


def bind(augmenter: Augmenter, statistics: Statistics | None) -> Augmenter:
    """The augmenter with the statistics of a corpus, if it needs them."""
    return augmenter.with_statistics(statistics) if augmenter.needs_statistics else augmenter
