"""Edits: what an augmenter answers, and what one can do with them."""

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain, pairwise
from typing import NamedTuple, Protocol, TypeVar

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


class Origin(Protocol):
    """Where variants come from: tells the edits of each when it is asked."""

    def edits_of(self, row: int) -> list[Edit] | None:
        """Those that made the variant of this text; None where nobody knows."""


class Variant(NamedTuple):
    """A text that an augmenter made.

    Attributes:
        text: the new one; the old one if there was nothing to do.
        origin, row: who knows its edits, and by which number.
    """

    text: str
    origin: Origin
    row: int

    @property
    def edits(self) -> list[Edit] | None:
        """On the text that it was made of, sorted, apart; None where they are not known."""
        return self.origin.edits_of(self.row)


class Laid(NamedTuple):
    """Texts that stand in one string.

    Attributes:
        joined: the texts one after the other, and whatever between them.
        offsets, stops: where each begins and ends, int64 [texts].
    """

    joined: str
    offsets: np.ndarray
    stops: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Laid":
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        stops = np.cumsum(lengths)
        return cls("".join(texts), stops - lengths, stops)


class Edits(NamedTuple):
    """The edits of many texts, as columns: an object for each would take longer to make.

    Attributes:
        bounds: the edits of text i are those from bounds[i] to bounds[i + 1], int64 [texts + 1].
        starts, ends: places in their texts, int64 [edits].
        replacements: [edits].
        laid: the texts; None where only the caller has them.
    """

    bounds: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    replacements: Sequence[str]
    laid: Laid | None = None

    @classmethod
    def of(cls, lists: Sequence[Sequence[Edit]]) -> "Edits":
        """From the edits of each text."""
        bounds = np.cumsum([0, *map(len, lists)])
        flat = list(chain.from_iterable(lists))
        places = (np.array([edit[side] for edit in flat], np.int64) for side in (0, 1))
        return cls(bounds, *places, [edit.replacement for edit in flat])

    def edits_of(self, row: int) -> list[Edit]:
        first, last = self.bounds[row : row + 2].tolist()
        columns = (self.starts[first:last].tolist(), self.ends[first:last].tolist())
        return list(map(Edit, *columns, self.replacements[first:last]))

    def lists(self) -> list[list[Edit]]:
        """The edits of each text."""
        columns = zip(self.starts.tolist(), self.ends.tolist(), self.replacements, strict=True)
        edits = list(map(partial(tuple.__new__, Edit), columns))
        return [edits[first:last] for first, last in pairwise(self.bounds.tolist())]

    def applied(self, texts: Sequence[str]) -> list[str]:
        """The variants: what `apply` makes of each text, without an object for each edit."""
        joined, offsets, stops = self.laid or Laid.of(texts)
        shift = np.repeat(offsets, np.diff(self.bounds))
        starts, ends = (self.starts + shift).tolist(), (self.ends + shift).tolist()
        pieces = [""] * (2 * len(self.replacements) + 1)
        pieces[::2] = [
            joined[place:start] for place, start in zip([0, *ends], [*starts, None], strict=True)
        ]
        pieces[1::2] = self.replacements
        whole = "".join(pieces)
        sizes = np.fromiter(map(len, self.replacements), np.int64, len(self.replacements))
        grown = np.append(0, np.cumsum(sizes - (self.ends - self.starts)))
        firsts, lasts = offsets + grown[self.bounds[:-1]], stops + grown[self.bounds[1:]]
        return [whole[a:b] for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True)]


Columns = TypeVar("Columns", bound=tuple)


def joined(parts: Sequence[Columns]) -> Columns:
    """The edits of the texts of all the parts, `Edits` or what has strings in their place as its
    fourth column, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    bounds, starts, ends, strings = zip(*(part[:4] for part in parts), strict=True)
    counts = map(np.diff, bounds)
    return type(parts[0])(
        np.cumsum(np.concatenate([[0], *counts])),
        np.concatenate(starts),
        np.concatenate(ends),
        list(chain.from_iterable(strings)),
    )


class Composed(NamedTuple):
    """Variants of variants; their edits are put together when they are asked for.

    Attributes:
        texts: the first ones.
        steps: the variants of each text, step by step.
    """

    texts: Sequence[str]
    steps: Sequence[Sequence[Variant]]

    def edits_of(self, row: int) -> list[Edit] | None:
        text, composed = self.texts[row], list[Edit]()
        for step in self.steps:
            edits = step[row].edits
            if edits is None:
                return None
            composed = compose(text, composed, edits)
        return composed


def variants_of(texts: Sequence[str], edits: Edits) -> list[Variant]:
    """The variants that the edits make of the texts."""
    return [Variant(text, edits, row) for row, text in enumerate(edits.applied(texts))]


class Rewritten:
    """Where variants come from whose edits nobody knows."""

    def edits_of(self, row: int) -> None:
        return None


def rewritten(texts: Sequence[str]) -> list[Variant]:
    """The texts as variants of others, without their edits."""
    origin = Rewritten()
    return [Variant(text, origin, row) for row, text in enumerate(texts)]


def unchanged(texts: Sequence[str]) -> list[Variant]:
    """The texts as they are."""
    return variants_of(texts, Edits.of([()] * len(texts)))


_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


def aligned(source: str, variant: str) -> list[Edit]:
    """Edits, word by word, that make the variant of the source; for where they are not known."""
    left, right = _TOKEN.findall(source), _TOKEN.findall(variant)
    starts = np.cumsum([0, *map(len, left)]).tolist()
    blocks = difflib.SequenceMatcher(None, left, right, False).get_opcodes()
    return [
        Edit(starts[a], starts[b], "".join(right[c:d]))
        for kind, a, b, c, d in blocks
        if kind != "equal"
    ]


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
