"""The order of words changes; what stands between words stays."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import SOLO
from mashbill.transforms.augmenters.rng import Rng
from mashbill.transforms.augmenters.tokens import capitalised
from mashbill.transforms.languages.base import code_points


class Reordering(TokenAugmenter):
    """Windows of neighbouring words of a sentence, none of them protected, in another order."""

    window: int | None = Field(
        None, ge=2, description="window size in words; default: the whole sentence"
    )

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
        breaks[1:] |= _another_script(batch, free.ends[:-1], free.starts[1:])
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
        opens = [self.language.begins_sentence(batch, row, start) for row, start in places]
        rngs = batch.site_rngs(sites, f"{self.name} order")
        starts, ends = words.starts.tolist(), words.ends.tolist()
        return [
            self._reordered(batch.joined, starts[a:b], ends[a:b], opening, rng)
            for a, b, opening, rng in zip(firsts, lasts, opens, rngs, strict=True)
        ]

    def _reordered(
        self, joined: str, starts: list[int], ends: list[int], opening: bool, rng: Rng
    ) -> str:
        words = [joined[start:end] for start, end in zip(starts, ends, strict=True)]
        gaps = [joined[end:start] for end, start in zip(ends, starts[1:], strict=False)]
        moved = [words[place] for place in self.order(len(words), rng)]
        if opening and words[0][0].isupper():
            first = self.language.uncapitalised(words[0])
            moved = [first if word == words[0] else word for word in moved]
            moved[0] = capitalised(moved[0])
        return "".join(part for pair in zip(moved, [*gaps, ""], strict=True) for part in pair)


def _ends_between(batch: TextBatch, ends: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """bool [n]: a sentence ends somewhere in [end, start)."""
    marks = np.isin(batch.codes, code_points(f"{batch.language.full_stops}…\n\r"))
    marks = np.concatenate([[0], np.cumsum(marks)])
    return marks[starts] > marks[ends]


def _another_script(batch: TextBatch, ends: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """bool [n]: one of two words is in a script that puts no spaces, beside which it may touch."""
    return (batch.flags[ends - 1] & SOLO) != (batch.flags[starts] & SOLO)


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
