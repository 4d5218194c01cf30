"""Many texts as arrays of code points, so that numpy looks at all of them at once."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mashbill.models.tasks.projection import Span
from mashbill.transforms.augmenters import draws
from mashbill.transforms.augmenters.characters import (
    APOSTROPHE,
    DIGIT,
    EDGE,
    EYES,
    HOLDS_NEXT,
    HOLDS_PREVIOUS,
    INNER,
    JOINER,
    SIGNAL,
    SOLO,
    SPACE,
    WORD,
    table,
)
from mashbill.transforms.augmenters.protection import Guard
from mashbill.transforms.augmenters.rng import MASK, Rng
from mashbill.transforms.languages.base import Language


class Sites(NamedTuple):
    """Places where an augmenter could make an edit, sorted by row and start.

    Attributes:
        rows: the text of each, int64 [n].
        starts, ends: code points of the batch, int64 [n]; equal for an insertion.
        options: what could come there, one entry per site, or None.
    """

    rows: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    options: Sequence[Any] | None = None

    def take(self, places: np.ndarray) -> "Sites":
        """The sites at `places` (ascending)."""
        options = self.options
        if options is not None:
            options = [options[place] for place in places.tolist()]
        return Sites(self.rows[places], self.starts[places], self.ends[places], options)

    def where(self, mask: np.ndarray) -> "Sites":
        """The sites that `mask` (bool [n]) keeps."""
        return self if mask.all() else self.take(np.flatnonzero(mask))


def _as_uint64(seeds: Sequence[int]) -> np.ndarray:
    try:
        return np.array(seeds, np.uint64)
    except OverflowError:
        return np.array([seed & MASK for seed in seeds], np.uint64)


_LETTER_SIGNALS = ("www.", "xD", "XD", "o_O", "O_o", "o_o", "O_O", "T_T")  # and no such character


class TextBatch:
    """Texts one after the other, each between two code points that belong to none.

    Attributes:
        joined: the texts in one string; all places count its code points.
        offsets: the first place of each text, int64 [texts]; lengths: their sizes.
        seeds: uint64 [texts].
        spans: protected places of each text, beside those that the guard finds.
        flags: uint16, one per code point (`characters`).
    """

    def __init__(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        guard: Guard,
        stopwords: frozenset[str],
        language: Language,
        spans: Sequence[Sequence[Span]] = (),
    ):
        self.texts, self._guard, self._stopwords = texts, guard, stopwords
        self.spans = spans
        self.language = language
        self.memo: dict[str, Any] = {}  # what an augmenter worked out and needs again
        self.seeds = _as_uint64(seeds)
        self.joined = "\n".join(["", *texts, ""])
        self.lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self.offsets = np.cumsum(self.lengths + 1) - self.lengths
        self.ends = self.offsets + self.lengths
        encoded = self.joined.encode("utf-32-le", "surrogatepass")
        self.codes = np.frombuffer(encoded, np.uint32)
        self.flags = table().take(self.codes)
        self.flags[0] = EDGE
        self.flags[self.ends] = EDGE

    def has(self, flag: int) -> np.ndarray:
        """bool per code point."""
        return (self.flags & flag) != 0

    def any_in(self, sites: Sites, flag: int) -> np.ndarray:
        """bool [n]: a code point of the site has the flag; the sites do not overlap."""
        places = np.flatnonzero(self.has(flag))
        first = np.searchsorted(places, sites.starts)
        return first < np.searchsorted(places, sites.ends)

    def bounds_of(self, starts: np.ndarray) -> np.ndarray:
        """Where each row's part of the ascending places begins, and where the last ends."""
        return np.append(np.searchsorted(starts, self.offsets), len(starts))

    def rows_of(self, starts: np.ndarray) -> np.ndarray:
        """The row of each of the ascending places."""
        return np.repeat(np.arange(len(self.texts)), np.diff(self.bounds_of(starts)))

    @cached_property
    def words(self) -> Sites:
        """Every word, as the language cuts them."""
        return self.language.words(self, self._runs)

    @property
    def _runs(self) -> Sites:
        """Letters, marks, digits, and joiners between these; solo letters by themselves."""
        inside = self.has(WORD)
        joiners = np.flatnonzero(self.has(JOINER))
        inside[joiners] = inside[joiners - 1] & inside[joiners + 1]
        edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
        starts, ends = edges[::2], edges[1::2]
        solo = self.has(SOLO)
        if solo.any():
            first = inside.copy()
            first[1:] &= ~inside[:-1] | ((solo[1:] | solo[:-1]) & self.cuts[1:])
            starts = np.flatnonzero(first)
            falls = ends[np.searchsorted(ends, starts, "right")]
            ends = np.minimum(np.append(starts[1:], len(inside)), falls)
        return Sites(self.rows_of(starts), starts, ends)

    @cached_property
    def free_words(self) -> Sites:
        """The words that may be changed: whole clusters, not protected, no stopwords.

        Nor what touches a number, in scripts without spaces: it may be its unit.
        """
        words = self.words
        allowed = self.allows(words)
        if self._guard.keeps_numbers:
            allowed &= ~(self.has(DIGIT)[words.starts - 1] & self.has(SOLO)[words.starts])
        words = words.where(allowed)
        if not self._stopwords:
            return words
        stop = self._stopwords
        return words.where(np.array([w.lower() not in stop for w in self.strings(words)], bool))

    def strings(self, sites: Sites) -> list[str]:
        joined = self.joined
        return [
            joined[a:b] for a, b in zip(sites.starts.tolist(), sites.ends.tolist(), strict=True)
        ]

    @cached_property
    def cuts(self) -> np.ndarray:
        """bool per place: an edit may begin or end before it without tearing a cluster."""
        torn = self.has(HOLDS_PREVIOUS)
        torn[1:] |= (self.flags[:-1] & HOLDS_NEXT) != 0
        torn[self.offsets] = False
        torn[self.ends] = False
        return ~torn

    @cached_property
    def _protected(self) -> tuple[np.ndarray, np.ndarray] | None:
        """How many protected code points stand before each place; places inside of a span."""
        if self._guard.is_empty and not any(self.spans):
            return None
        found = [(start, end) for start, end in self._protected_spans() if start < end]
        if not found:
            return None
        starts, ends = np.array(found).T
        size = len(self.codes) + 1
        closed = np.bincount(ends, minlength=size)
        covered = np.cumsum(np.bincount(starts, minlength=size) - closed) > 0
        inner = np.cumsum(np.bincount(starts + 1, minlength=size) - closed) > 0
        return np.append(0, np.cumsum(covered[:-1])), inner

    def _protected_spans(self) -> Iterator[tuple[int, int]]:
        for offset, spans in zip(self.offsets.tolist(), self.spans, strict=False):
            yield from ((offset + span.start, offset + span.end) for span in spans)
        guard, texts = self._guard, self.texts
        if guard.is_empty:
            return
        rows: Iterable[int] = range(len(texts))
        if guard.needs_signal:
            signals = np.flatnonzero(self.has(SIGNAL))
            digits = (self.flags[signals] & DIGIT) != 0
            rows = set((np.searchsorted(self.offsets, signals[~digits], "right") - 1).tolist())
            rows |= set((np.searchsorted(self.offsets, self._marks(), "right") - 1).tolist())
            for letters in _LETTER_SIGNALS:
                if letters in self.joined:
                    rows |= {row for row, text in enumerate(texts) if letters in text}
            for start, end in self._between_spaces(signals[digits]):
                yield from guard.numbers(self.joined, start, end)
        if guard.keeps_numbers:
            yield from self.language.numbers(self)
        for row in rows:
            offset = int(self.offsets[row])
            for start, end in guard.spans(texts[row]):
                yield offset + start, offset + end

    def _marks(self) -> np.ndarray:
        """Places of marks within a word, at the head of an emoticon, or of a plural's genitive."""
        places = np.flatnonzero(self.has(INNER | EYES | APOSTROPHE))
        here, before, after = (self.flags[places + step] for step in (0, -1, 1))
        inner = ((here & INNER) != 0) & ((before & after & WORD) != 0)
        begins = (before & (WORD | SOLO)) != WORD
        eyes = ((here & EYES) != 0) & begins & ((after & (SPACE | EDGE)) == 0)
        genitive = ((here & APOSTROPHE) != 0) & ((after & SPACE) != 0)
        genitive &= (self.codes[places - 1] | 32) == ord("s")
        return places[inner | eyes | genitive]

    def _between_spaces(self, places: np.ndarray) -> Iterable[tuple[int, int]]:
        """The stretches without white space around these places, and the next: it may be a unit."""
        borders = np.flatnonzero(self.has(SPACE | EDGE))
        behind = np.unique(np.searchsorted(borders, places))
        after = borders[np.minimum(behind + 1, len(borders) - 1)]
        after = np.where((self.flags[borders[behind]] & EDGE) != 0, borders[behind], after)
        return zip((borders[behind - 1] + 1).tolist(), after.tolist(), strict=True)

    def allows(self, sites: Sites) -> np.ndarray:
        """bool [n]: an edit at the site tears no cluster and touches nothing protected."""
        allowed = self.cuts[sites.starts] & self.cuts[sites.ends]
        if self._protected is not None:
            before, inner = self._protected
            allowed &= before[sites.starts] == before[sites.ends]
            allowed &= ~inner[sites.starts] & ~inner[sites.ends]
        return allowed

    def uniforms(self, sites: Sites, stream: str) -> np.ndarray:
        """float64 in [0, 1) per site, decided by seed, place in the text, and `stream`."""
        places = sites.starts - self.offsets[sites.rows]
        return draws.uniforms(self.seeds, sites.rows, places, stream)

    def rngs(self, rows: np.ndarray, stream: str) -> list[Rng]:
        """A generator for each of these rows, by the row's seed."""
        zeros = np.zeros(len(rows), np.int64)
        return [Rng(seed) for seed in draws.bits(self.seeds, rows, zeros, stream).tolist()]

    def site_rngs(self, sites: Sites, stream: str) -> list[Rng]:
        """A generator for each site, by seed and place."""
        places = sites.starts - self.offsets[sites.rows]
        return [Rng(seed) for seed in draws.bits(self.seeds, sites.rows, places, stream).tolist()]
