"""Many texts as arrays of code points, so that numpy looks at all of them at once."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mashbill.models.ranges import ranges
from mashbill.models.tasks.projection import Span
from mashbill.transforms.augmenters import draws, protected
from mashbill.transforms.augmenters.characters import (
    DIGIT,
    EDGE,
    HOLDS_NEXT,
    HOLDS_PREVIOUS,
    JOINER,
    LETTER,
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
        return np.fromiter(seeds, np.uint64, len(seeds))
    except OverflowError:
        return np.array([seed & MASK for seed in seeds], np.uint64)


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
        self._any = int(np.bitwise_or.reduce(self.flags))

    def has(self, flag: int) -> np.ndarray:
        """bool per code point; a new array each time."""
        if not self.holds(flag):
            return np.zeros(len(self.flags), bool)
        return (self.flags & flag) != 0

    def holds(self, flag: int) -> bool:
        """Whether any code point has the flag, or one of several."""
        return self._any & flag != 0

    def any_in(self, sites: Sites, flag: int) -> np.ndarray:
        """bool [n]: a code point of the site has the flag."""
        sizes = sites.ends - sites.starts
        some = np.flatnonzero(sizes)
        found = np.zeros(len(sizes), bool)
        if len(some):
            flags = self.flags[ranges(sites.starts[some], sizes[some])] & flag
            begins = np.cumsum(sizes[some]) - sizes[some]
            found[some] = np.bitwise_or.reduceat(flags, begins) != 0
        return found

    def bounds_of(self, starts: np.ndarray) -> np.ndarray:
        """Where each row's part of the ascending places begins, and where the last ends."""
        return np.append(np.searchsorted(starts, self.offsets), len(starts))

    def rows_of(self, starts: np.ndarray) -> np.ndarray:
        """The row of each of the ascending places."""
        return np.repeat(np.arange(len(self.texts)), np.diff(self.bounds_of(starts)))

    @cached_property
    def words(self) -> Sites:
        """Every word, as the language cuts them."""
        return self.language.words(self, self.runs)

    @cached_property
    def spelled(self) -> list[str]:
        """These as strings."""
        return self.strings(self.words)

    @cached_property
    def runs(self) -> Sites:
        """Letters, marks, digits, and joiners between these; solo letters by themselves.

        In a language that puts spaces they are the words.
        """
        inside = self._with_joiners(self.has(WORD))
        starts, ends = _borders(inside)
        if self.holds(SOLO):
            solo, first = self.has(SOLO), inside.copy()
            first[1:] &= ~inside[:-1] | ((solo[1:] | solo[:-1]) & self.cuts[1:])
            starts = np.flatnonzero(first)
            ends = np.flatnonzero(inside[:-1] & (first[1:] | ~inside[1:])) + 1
        return Sites(self.rows_of(starts), starts, ends)

    def _with_joiners(self, inside: np.ndarray) -> np.ndarray:
        """The same array, with the joiners between two code points of it."""
        joiners = np.flatnonzero(self.has(JOINER))
        inside[joiners] = inside[joiners - 1] & inside[joiners + 1]
        return inside

    @cached_property
    def free_words(self) -> Sites:
        """The words that may be changed: whole clusters, not protected, no stopwords.

        Nor what touches a number, in scripts without spaces: it may be its unit.
        """
        return self._free(self.words)

    @cached_property
    def free_solo(self) -> np.ndarray:
        """bool per code point: the solo letters that may be changed, by the same rules.

        It takes no words, unless some of these are stopwords.
        """
        free = self.has(SOLO) & self.has(LETTER)
        free[:-1] &= self.cuts[:-1] & self.cuts[1:]
        if self._protected is not None:
            free &= ~self._protected.covered
        if self._guard.keeps_numbers:
            free[1:] &= ~self.has(DIGIT)[:-1]
        return free & self.covered(self.free_words) if self._stopwords else free

    @cached_property
    def free_spaced(self) -> Sites:
        """The runs of scripts that put spaces that may be changed, by the same rules."""
        if not self.holds(SOLO):
            return self.free_words
        starts, ends = _borders(self._with_joiners(self.has(WORD) & ~self.has(SOLO)))
        return self._free(Sites(self.rows_of(starts), starts, ends))

    def _free(self, sites: Sites) -> Sites:
        allowed = self.allows(sites)
        if self._guard.keeps_numbers and self.holds(SOLO):
            behind = (self.flags[sites.starts - 1] & DIGIT) != 0
            allowed &= ~(behind & ((self.flags[sites.starts] & SOLO) != 0))
        sites = sites.where(allowed)
        if not self._stopwords:
            return sites
        stop = self._stopwords
        return sites.where(np.array([w.lower() not in stop for w in self.strings(sites)], bool))

    def covered(self, sites: Sites) -> np.ndarray:
        """bool per code point: one of the sites, which do not overlap, has it."""
        size = len(self.codes) + 1
        depth = np.bincount(sites.starts, minlength=size) - np.bincount(sites.ends, minlength=size)
        return np.cumsum(depth[:-1]) > 0

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
    def gaps(self) -> np.ndarray:
        """Places of white space, and those between texts."""
        return np.flatnonzero(self.has(SPACE | EDGE))

    @cached_property
    def _protected(self) -> protected.Protected | None:
        return protected.find(self, self._guard, self.spans)

    def allows(self, sites: Sites) -> np.ndarray:
        """bool [n]: an edit at the site tears no cluster and touches nothing protected."""
        if self.holds(HOLDS_PREVIOUS | HOLDS_NEXT):
            allowed = self.cuts[sites.starts] & self.cuts[sites.ends]
        else:
            allowed = np.ones(len(sites.starts), bool)
        if self._protected is not None:
            allowed &= self._protected.leaves(sites.starts, sites.ends)
        return allowed

    def uniforms(self, sites: Sites, stream: str) -> np.ndarray:
        """float64 in [0, 1) per site, decided by seed, place in the text, and `stream`."""
        return draws.unit(self._bits(sites, stream))

    def rngs(self, rows: np.ndarray, stream: str) -> list[Rng]:
        """A generator for each of these rows, by the row's seed."""
        zeros = np.zeros(len(rows), np.int64)
        return [Rng(seed) for seed in draws.bits(self.seeds, rows, zeros, stream).tolist()]

    def site_rngs(self, sites: Sites, stream: str) -> list[Rng]:
        """A generator for each site, by seed and place."""
        return list(map(Rng, self._bits(sites, stream).tolist()))

    def _bits(self, sites: Sites, stream: str) -> np.ndarray:
        return draws.bits(self.seeds, sites.rows, sites.starts, stream, self.offsets)


def _borders(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the stretches of a mask begin and end."""
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    return edges[::2], edges[1::2]
