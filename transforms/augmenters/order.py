"""The order of words and clauses changes; what stands between words stays."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np
from pydantic import Field

from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.lookup import words
from mashbill.transforms.augmenters.names import begins_sentence, capitalised, uncapitalised
from mashbill.transforms.augmenters.rng import Rng


class Reordering(TokenAugmenter):
    """Windows of neighbouring words of a sentence, none of them protected, in another order."""

    window: int | None = Field(None, ge=2, description="words; by default as many as there are")

    def order(self, size: int, rng: Rng) -> list[int]:
        """Which word comes at each place."""
        raise NotImplementedError

    def sites(self, batch: TextBatch) -> Sites:
        free, words = batch.free_words, batch.words
        if not len(free.rows):
            return free
        numbers = np.searchsorted(words.starts, free.starts)
        breaks = (np.diff(free.rows, prepend=-1) != 0) | (np.diff(numbers, prepend=-2) != 1)
        breaks[1:] |= _ends_between(batch, free.ends[:-1], free.starts[1:])
        if self.window is not None:
            runs = np.flatnonzero(breaks)
            place = np.arange(len(breaks)) - np.repeat(runs, np.diff(runs, append=len(breaks)))
            breaks |= place % self.window == 0
        first = np.flatnonzero(breaks)
        last = np.append(first[1:], len(breaks)) - 1
        several = last > first
        first, last = first[several], last[several]
        return Sites(free.rows[first], free.starts[first], free.ends[last])

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        words = batch.words
        firsts = np.searchsorted(words.starts, sites.starts).tolist()
        lasts = np.searchsorted(words.starts, sites.ends).tolist()
        places = zip(sites.rows.tolist(), sites.starts.tolist(), strict=True)
        opens = [begins_sentence(batch, row, start) for row, start in places]
        rngs = batch.site_rngs(sites, f"{self.name} order")
        starts, ends = words.starts.tolist(), words.ends.tolist()
        return [
            self._reordered(batch.joined, starts[a:b], ends[a:b], opening, rng)
            for a, b, opening, rng in zip(firsts, lasts, opens, rngs, strict=True)
        ]

    def _reordered(
        self, joined: str, starts: list[int], ends: list[int], opening: bool, rng: Rng
    ) -> str:
        found = [joined[start:end] for start, end in zip(starts, ends, strict=True)]
        gaps = [joined[end:start] for end, start in zip(ends, starts[1:], strict=False)]
        moved = [found[place] for place in self.order(len(found), rng)]
        if opening and found[0][0].isupper():
            moved = [uncapitalised(word) if word == found[0] else word for word in moved]
            moved[0] = capitalised(moved[0])
        return "".join(part for pair in zip(moved, [*gaps, ""], strict=True) for part in pair)


def _ends_between(batch: TextBatch, ends: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """bool [n]: a sentence ends somewhere in [end, start)."""
    marks = np.concatenate([[0], np.cumsum(np.isin(batch.codes, _SENTENCE_ENDS))])
    return marks[starts] > marks[ends]


_SENTENCE_ENDS = np.array([ord(mark) for mark in ".!?…\n\r"], np.uint32)


class Reverse(Reordering):
    """Words stand in reverse within windows, or over whole sentences."""

    name: ClassVar[str] = "order.reverse"
    source: ClassVar[str] = "Dhole et al. 2021, NL-Augmenter"

    rate: Rate = 0.2

    window: int | None = Field(3, ge=2, description="words; null for as many as there are")

    def order(self, size: int, rng: Rng) -> list[int]:
        return list(range(size))[::-1]


class Shuffle(Reordering):
    """Words are shuffled within windows."""

    name: ClassVar[str] = "order.shuffle"
    source: ClassVar[str] = "Lample et al. 2018, Unsupervised Machine Translation, section 2.3"

    rate: Rate = 0.2

    window: int | None = Field(3, ge=2, description="words; null for as many as there are")

    def order(self, size: int, rng: Rng) -> list[int]:
        order = rng.permutation(size)
        return order if order != sorted(order) else [*order[1:], order[0]]


class Clauses(TokenAugmenter):
    """A clause or phrase of circumstance ("if you like it") and the clause beside it change places.

    English only; each has to have some words, and none may begin with "and", "but" or "which".
    """

    name: ClassVar[str] = "order.clauses"
    source: ClassVar[str] = "Shi et al. 2021, Substructure Substitution; Dhole et al. 2021"

    rate: Rate = 0.2

    def sites(self, batch: TextBatch) -> Sites:
        spans, middles = [], []
        for offset, text in zip(batch.offsets.tolist(), batch.texts, strict=True):
            for sentence in _SENTENCE.finditer(text):
                parts = [part.span() for part in _CLAUSE.finditer(text, *sentence.span())]
                for (start, left), (right, end) in pairwise(parts):
                    if _may_change(text[start:left], text[right:end]):
                        spans.append((offset + start, offset + end))
                        middles.append((left - start, right - start))
        places = np.array(spans, np.int64).reshape(-1, 2)
        return Sites(batch.rows_of(places[:, 0]), places[:, 0], places[:, 1], middles)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        return [
            _exchanged(text[:left], text[left:right], text[right:])
            for text, (left, right) in zip(batch.strings(sites), sites.options, strict=True)
        ]


_SENTENCE = re.compile(r"[^.!?\n\r]+")
_CLAUSE = re.compile(r"(?<![^\s,;])\w[^,;]*[^\s,;]")
_CIRCUMSTANCE = frozenset(
    words(
        "after although as at because before by despite during even for from if in like once since "
        "though through unless until when whenever where wherever while with without"
    )
)
_NO_CLAUSE = frozenset(words("and but or nor so yet which who whose that then not to too"))
FEWEST = 3  # words of a clause


def _may_change(first: str, second: str) -> bool:
    parts = (first.split(), second.split())
    begin = [part[0].lower() for part in parts]
    return (
        all(len(part) >= FEWEST for part in parts)
        and (begin[0] in _CIRCUMSTANCE) != (begin[1] in _CIRCUMSTANCE)
        and not _NO_CLAUSE.intersection(begin)
    )


def _exchanged(first: str, between: str, second: str) -> str:
    if first[0].isupper():
        first, second = uncapitalised(first), capitalised(second)
    return second + between + first
