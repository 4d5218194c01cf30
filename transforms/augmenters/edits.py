"""Edits: what an augmenter answers, and what one can do with them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np


class Edit(NamedTuple):
    """Puts `replacement` in the place of `text[start:end]`; offsets count code points."""

    start: int
    end: int
    replacement: str


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The variant. `edits` are sorted and do not overlap; offsets are those of `text`."""
    if not edits:
        return text
    pieces, place = [], 0
    for start, end, replacement in edits:
        pieces += (text[place:start], replacement)
        place = end
    pieces.append(text[place:])
    return "".join(pieces)


def offset_map(text: str, edits: Sequence[Edit]) -> np.ndarray:
    """int64 [len(text)]: where each code point stands in the variant, -1 for one replaced."""
    places = np.arange(len(text))
    shift = np.zeros(len(text) + 1, np.int64)
    for start, end, replacement in edits:
        shift[end] += len(replacement) - (end - start)
    places += np.cumsum(shift[:-1])
    for start, end, _ in edits:
        places[start:end] = -1
    return places


def compose(text: str, first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """One list of edits on `text` that does what `first` and then `second` do.

    `second` has the offsets of `apply(text, first)`. Where edits of the two touch, they become one.
    """
    if not first or not second:
        return list(first or second)
    middle = apply(text, first)
    spans = sorted([*_in_variant(first), *(_Span(e.start, e.end, e, None) for e in second)])
    composed: list[Edit] = []
    shift = 0  # of the middle text against the source, left of the group
    for group in _touching(spans):
        low, high = group[0].start, max(span.end for span in group)
        inner = [
            Edit(s.edit.start - low, s.edit.end - low, s.edit.replacement)
            for s in group
            if s.source is None
        ]
        replacement = apply(middle[low:high], inner)
        start = low - shift
        shift += sum(s.end - s.start - (s.source[1] - s.source[0]) for s in group if s.source)
        end = high - shift
        if text[start:end] != replacement:
            composed.append(Edit(start, end, replacement))
    return composed


class _Span(NamedTuple):
    """An edit's place in the middle text; `source` is its place in the source, if of `first`."""

    start: int
    end: int
    edit: Edit
    source: tuple[int, int] | None

    def __lt__(self, other: "_Span") -> bool:  # type: ignore[override]
        return (self.start, self.end) < (other.start, other.end)


def _in_variant(edits: Iterable[Edit]) -> list[_Span]:
    spans, shift = [], 0
    for edit in edits:
        start = edit.start + shift
        spans.append(_Span(start, start + len(edit.replacement), edit, (edit.start, edit.end)))
        shift += len(edit.replacement) - (edit.end - edit.start)
    return spans


def _touching(spans: Iterable[_Span]) -> list[list[_Span]]:
    groups: list[list[_Span]] = []
    high = -1
    for span in spans:
        if span.start > high:
            groups.append([])
        groups[-1].append(span)
        high = max(high, span.end)
    return groups
