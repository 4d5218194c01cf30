"""Stratified splits: every class in the same fractions, as nearly as whole rows allow.

Ids alone put each row into a split with a given chance, so that of a class of thirty rows there may
be none to test on. Here the rows of a class are put in the order of their ids' hashes, and cut
where the fractions ask for it. That is the order that decides without strata too, so few rows
move. A class of very many rows is left to chance as before: no one can tell the difference.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import apache_beam as beam
import numpy as np
import pyarrow as pa

from mashbill.transforms.examples import SPLITS, Strata, place_of, source_id_of

# Distinct rows of a class, beyond which chance divides it well: a split of a tenth is then within
# 0.6 points of it 19 times in 20, and memory stays bounded.
MOST = 10_000
PRIORITY = (0, 2, 1)  # which split gets a row first where there are too few for all: train, test

# By class, the places of its ids, ascending; None where there are more than `MOST`.
Places = dict[int, np.ndarray | None]


def split_sizes(rows: int, fractions: Sequence[float]) -> list[int]:
    """How many of a class's rows go into each of `SPLITS`; together `rows`.

    Each gets its fraction, rounded by the largest remainders, but at least one where there are rows
    enough: train before test before validation. A fraction of 0 gets none.
    """
    exact = [rows * fraction for fraction in fractions]
    sizes = [int(share + 1e-9) for share in exact]  # 0.1 * 30 is a little more than 3, or less
    rest = sorted(PRIORITY, key=lambda i: sizes[i] - exact[i])
    for i in rest[: rows - sum(sizes)]:
        sizes[i] += 1
    for i in PRIORITY:
        largest = max(range(len(sizes)), key=sizes.__getitem__)
        if fractions[i] and not sizes[i] and sizes[largest] > 1:
            sizes[i] += 1
            sizes[largest] -= 1
    return sizes


def places_by_class(raw: pa.RecordBatch) -> Places:
    """Of the labelled rows whose split is not fixed, in a batch of `RAW`."""
    columns = (raw.column(name).to_pylist() for name in ("text", "text_pair", "label", "split"))
    by_class = defaultdict(list)
    for text, pair, label, fixed in zip(*columns, strict=True):
        if label is not None and fixed is None:
            by_class[label].append(place_of(source_id_of(text, pair)))
    return {label: _bounded([np.array(places, np.uint64)]) for label, places in by_class.items()}


def merged(parts: Iterable[Places]) -> Places:
    """All of them in one; the order does not matter."""
    by_class: dict[int, list[np.ndarray | None]] = defaultdict(list)
    for part in parts:
        for label, places in part.items():
            by_class[label].append(places)
    return {label: _bounded(places) for label, places in by_class.items()}


def _bounded(parts: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """The same text twice is one row."""
    if any(part is None for part in parts):
        return None
    places = np.unique(np.concatenate(parts))
    return places if len(places) <= MOST else None


def cut(by_class: Mapping[int, np.ndarray | None], fractions: Sequence[float]) -> Strata:
    """The splits of all rows of small classes; not of texts with two labels, which are rejects."""
    small = [places for places in by_class.values() if places is not None]
    if not small:
        return Strata(np.empty(0, np.uint64), np.empty(0, np.int8))
    every, times = np.unique(np.concatenate(small), return_counts=True)
    small = [np.setdiff1d(places, every[times > 1], assume_unique=True) for places in small]
    numbers = np.arange(len(SPLITS), dtype=np.int8)
    splits = [np.repeat(numbers, split_sizes(len(places), fractions)) for places in small]
    places = np.concatenate(small)
    order = np.argsort(places)
    return Strata(places[order], np.concatenate(splits)[order])


def strata_of(batches: Iterable[pa.RecordBatch], fractions: Sequence[float]) -> Strata:
    """Those of raw rows in memory."""
    return cut(merged(map(places_by_class, batches)), fractions)


class FindStrata(beam.CombineFn):
    """Raw batches to their `Strata`."""

    def __init__(self, fractions: Sequence[float]):
        self.fractions = tuple(fractions)

    def create_accumulator(self) -> Places:
        return {}

    def add_input(self, places: Places, raw: pa.RecordBatch) -> Places:
        return merged([places, places_by_class(raw)])

    def merge_accumulators(self, parts: Iterator[Places]) -> Places:
        return merged(parts)

    def extract_output(self, places: Places) -> Strata:
        return cut(places, self.fractions)
