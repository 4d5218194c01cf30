"""Augmenters that draw words of the corpus."""

import functools
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from pydantic import PrivateAttr

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.base import TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import SOLO, UPPER, WORD, table
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.augmenters.tokens import match_case


class VocabularyAugmenter(TokenAugmenter):
    """Words become words of the corpus, drawn by weights."""

    needs_statistics: ClassVar[bool] = True
    mends: ClassVar[bool] = True

    _statistics: Statistics | None = PrivateAttr(None)
    _words: tuple[str, ...] = PrivateAttr(())
    _sums: np.ndarray | None = PrivateAttr(None)  # of weights up to each word; None if all are 1
    _total: float = PrivateAttr(0.0)

    def word_weights(self, statistics: Statistics) -> Sequence[float]:
        """How likely each word of `statistics.counts` is to be drawn, not normalised."""
        raise NotImplementedError

    def with_statistics(self, statistics: Statistics) -> Self:
        """A copy that draws from this corpus.

        Raises:
            MashbillError: the corpus has no word to draw.
        """
        pairs = zip(statistics.counts, self.word_weights(statistics), strict=True)
        weights = {word: weight for word, weight in pairs if weight > 0 and word.isalpha()}
        if not weights:
            raise MashbillError(f"{self.name}: the corpus has no words to draw from")
        bound = self.model_copy()
        bound._statistics = statistics
        sums = np.cumsum(list(weights.values()))
        bound._words, bound._total = tuple(weights), sums[-1]
        bound._sums = None if set(weights.values()) == {1.0} else sums
        return bound

    @property
    def statistics(self) -> Statistics:
        """Raises MashbillError: there are none; see `with_statistics`."""
        if self._statistics is None:
            raise MashbillError(f"{self.name} needs the statistics of a corpus (with_statistics)")
        return self._statistics

    def sites(self, batch: TextBatch) -> Sites:
        assert self.statistics
        return batch.free_words

    def drawn_sites(self, batch: TextBatch) -> Sites:
        return self.chosen(batch, self.sites(batch))  # all of which are free

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} word") * self._total
        if self._sums is None:
            places = draws.astype(np.int64)
        else:
            places = np.searchsorted(self._sums, draws, "right")
        places = np.minimum(places, len(self._words) - 1)
        words = list(map(self._words.__getitem__, places.tolist()))
        capitals = _capitals(batch, sites)
        for place, like in zip(capitals.tolist(), batch.strings(sites.take(capitals)), strict=True):
            words[place] = match_case(like, words[place])
        return self._apart(batch, sites, words)

    def _apart(self, batch: TextBatch, sites: Sites, words: Sequence[str]) -> Sequence[str | None]:
        """None for a word that would stand right beside one of its script, as no space parts them:
        where Chinese touches Latin."""
        if not batch.holds(SOLO):
            return words
        touches = batch.has(WORD)
        touched = (touches[sites.starts - 1] | touches[sites.ends]).tolist()
        alone = _solo()
        return [
            None if near and not (alone[ord(word[0])] and alone[ord(word[-1])]) else word
            for word, near in zip(words, touched, strict=True)
        ]


def _capitals(batch: TextBatch, sites: Sites) -> np.ndarray:
    """Numbers of the sites whose casing another word may have to follow.

    Behind a small letter, capitals count for nothing ("iPhone").
    """
    first = batch.codes[sites.starts]
    places = np.flatnonzero((first < ord("a")) | (first > ord("z")))
    return places[batch.any_in(sites.take(places), UPPER)]


@functools.cache
def _solo() -> np.ndarray:
    """bool [0x110000]."""
    return (table() & SOLO) != 0
