"""Where in a batch of texts what is protected stands.

Marks and digits are few, and numpy finds them. The expressions, which are slow, see only what
stands around them.
"""

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mashbill.models.ranges import ranges
from mashbill.models.tasks.projection import Span
from mashbill.transforms.augmenters.characters import (
    APOSTROPHE,
    DIGIT,
    EDGE,
    EYES,
    FACE,
    INNER,
    JOINER,
    SIGNAL,
    SOLO,
    SPACE,
    WORD,
)
from mashbill.transforms.augmenters.protection import Guard

if TYPE_CHECKING:
    from mashbill.transforms.augmenters.batch import TextBatch

Stretches = Iterable[tuple[int, int]]


class Protected:
    """Places that no edit may touch: of so many code points, those from `starts` to `ends`."""

    def __init__(self, starts: np.ndarray, ends: np.ndarray, size: int):
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
        reached = np.maximum.accumulate(ends)
        apart = np.flatnonzero(np.append(True, starts[1:] >= reached[:-1]))
        self._starts, self._ends = starts[apart], np.maximum.reduceat(ends, apart)
        self._size = size

    @functools.cached_property
    def covered(self) -> np.ndarray:
        """bool per code point."""
        places = ranges(self._starts, self._ends - self._starts)
        return np.bincount(places, minlength=self._size) > 0

    def leaves(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """bool [n]: an edit at the place touches none of them.

        Args:
            starts: ascending, int64 [n].
            ends: int64 [n].
        """
        if (ends[1:] < ends[:-1]).any():  # one place lies in another
            following = np.searchsorted(self._ends, starts, "right")
            return np.append(self._starts, self._size)[following] >= ends
        first = np.searchsorted(ends, self._starts, "right")
        left = np.ones(len(starts), bool)
        left[ranges(first, np.searchsorted(starts, self._ends) - first)] = False
        return left


def find(batch: "TextBatch", guard: Guard, spans: Sequence[Sequence[Span]]) -> Protected | None:
    """What is protected in a batch; None for nothing.

    Args:
        spans: places of each text that are protected too, or none.
    """
    found = [*_of_texts(batch, spans), *_of_guard(batch, guard)]
    found = [(start, end) for start, end in found if start < end]
    return Protected(*np.array(found).T, len(batch.codes)) if found else None


def _of_texts(batch: "TextBatch", spans: Sequence[Sequence[Span]]) -> Iterator[tuple[int, int]]:
    for offset, of_text in zip(batch.offsets.tolist(), spans, strict=False):
        yield from ((offset + span.start, offset + span.end) for span in of_text)


def _of_guard(batch: "TextBatch", guard: Guard) -> Iterator[tuple[int, int]]:
    if guard.keeps_numbers:
        yield from guard.numbers(batch.joined, _around_digits(batch))
        yield from batch.language.numbers(batch)
    if guard.named:
        for name, places in _marks(batch).items():
            if len(places) and name in guard.named:
                around = _rests if name == "special" else _around
                yield from guard.named_spans(name, batch.joined, around(batch, places))
    if guard.own:
        for offset, text in zip(batch.offsets.tolist(), batch.texts, strict=True):
            yield from ((offset + a, offset + b) for a, b in guard.own_spans(text))


def _marks(batch: "TextBatch") -> dict[str, np.ndarray]:
    """By name of `protect`, places of what each span that it means has, and little else."""
    places = np.flatnonzero(batch.has(SIGNAL | INNER | EYES | APOSTROPHE | FACE))
    here, before, after = (batch.flags[places + step] for step in (0, -1, 1))
    begins, ends = ((beside & (WORD | SOLO)) != WORD for beside in (before, after))
    code, letter = batch.codes[places], batch.codes[places - 1] | 32
    inner = ((here & INNER) != 0) & (~begins | ((before & JOINER) != 0)) & ~ends
    eyes = ((here & EYES) != 0) & begins & ((after & (SPACE | EDGE | SOLO)) == 0)
    eyes |= (code == ord("_")) | ((code == ord("D")) & (letter == ord("x")))
    genitive = ((here & APOSTROPHE) != 0) & ((after & SPACE) != 0) & (letter == ord("s"))
    slashes = (code == ord("/")) & (batch.codes[places + 1] == ord("/"))
    address = (code == ord(".")) & (letter == ord("w")) & (batch.codes[places - 2] == ord("w"))
    marks = {"url": slashes | address, "dotted": inner, "emoticon": eyes, "possessive": genitive}
    if batch.holds(SIGNAL):
        marks |= {
            "email": code == ord("@"),
            "hashtag": code == ord("#"),
            "entity": code == ord("&"),
        }
        marks["mention"] = marks["email"]
        marks["special"] = (code == ord("[")) | (code == ord("<")) | (code == ord("{"))
    return {name: places[mask] for name, mask in marks.items()}


def _around(batch: "TextBatch", places: np.ndarray) -> Stretches:
    return _between(batch.gaps, places)


def _rests(batch: "TextBatch", places: np.ndarray) -> Stretches:
    """What follows the first of the places in each text: "<a b>" has spaces."""
    rows = np.searchsorted(batch.offsets, places, "right") - 1
    rows, first = np.unique(rows, return_index=True)
    return zip(places[first].tolist(), batch.ends[rows].tolist(), strict=True)


def _around_digits(batch: "TextBatch") -> Stretches:
    """Characters of scripts that put no spaces may stand right beside a number."""
    if not batch.holds(SOLO):
        return _between(batch.gaps, np.flatnonzero(batch.has(DIGIT)))
    borders = np.flatnonzero(batch.has(SPACE | EDGE | SOLO))
    return _between(borders, np.flatnonzero(batch.has(DIGIT) & ~batch.has(SOLO)))


def _between(borders: np.ndarray, places: np.ndarray) -> Stretches:
    """Stretches from the border before a place to the one behind it, each once."""
    behind = np.searchsorted(borders, places)
    behind = behind[np.diff(behind, prepend=-1) > 0]
    return zip(borders[behind - 1].tolist(), borders[behind].tolist(), strict=True)
