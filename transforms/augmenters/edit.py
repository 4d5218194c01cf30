"""Words are dropped, moved or interrupted."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from transforms.augmenters.base import TokenAugmenter
from transforms.augmenters.batch import Sites, TextBatch
from transforms.augmenters.characters import EDGE, SOLO, SPACE

EDA = "Wei & Zou 2019, EDA: Easy Data Augmentation Techniques"


class Delete(TokenAugmenter):
    """Words are left out, each with the space before it; one word of a text always stays."""

    name: ClassVar[str] = "edit.delete"
    source: ClassVar[str] = EDA

    def sites(self, batch: TextBatch) -> Sites:
        return with_space(batch, batch.free_words)

    def chosen(self, batch: TextBatch, sites: Sites) -> Sites:
        chosen = super().chosen(batch, sites)
        words = np.bincount(batch.words.rows, minlength=len(batch.texts))
        gone = np.bincount(chosen.rows, minlength=len(batch.texts))
        emptied = (gone >= words)[chosen.rows]
        last = np.append(chosen.rows[1:] != chosen.rows[:-1], True)[: len(chosen.rows)]
        return chosen.where(~(emptied & last))

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        return [""] * len(sites.rows)


def with_space(batch: TextBatch, words: Sites) -> Sites:
    """The words that can go without leaving a trace, with the white space that goes with them.

    That is the one code point of space before the word; for the first of a text, or where something
    like a bracket stands before it, the one behind it.
    """
    before, after = batch.flags[words.starts - 1], batch.flags[words.ends]
    left = (before & SPACE) != 0
    right = ~left & ((after & SPACE) != 0)
    alone = (batch.flags[words.starts] & SOLO) != 0
    gone = left | right | alone | ((before & EDGE) != 0) | ((after & EDGE) != 0)
    return Sites(words.rows, words.starts - left, words.ends + right).where(gone)


class Swap(TokenAugmenter):
    """Two neighbouring words change places; casing stays where it was."""

    name: ClassVar[str] = "edit.swap"
    source: ClassVar[str] = EDA

    def sites(self, batch: TextBatch) -> Sites:
        words = batch.free_words
        rows, starts, ends = words.rows, words.starts, words.ends
        near = (rows[1:] == rows[:-1]) & self._only_space_between(batch, ends[:-1], starts[1:])
        pairs = np.flatnonzero(near)
        return Sites(rows[pairs], starts[pairs], ends[pairs + 1])

    def _only_space_between(self, batch: TextBatch, ends, starts) -> np.ndarray:
        gap = starts - ends
        spaced = (gap == 1) & ((batch.flags[ends] & SPACE) != 0)
        return spaced | ((gap == 0) & ((batch.flags[ends] & SOLO) != 0))

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        words, joined = batch.words, batch.joined
        first = np.searchsorted(words.starts, sites.starts)
        gaps = zip(words.ends[first].tolist(), words.starts[first + 1].tolist(), strict=True)
        opens = _opens_sentence(batch, sites.starts)
        made = []
        for start, end, (left, right), opening in zip(
            sites.starts.tolist(), sites.ends.tolist(), gaps, opens, strict=True
        ):
            first_word, second_word = joined[start:left], joined[right:end]
            if opening:
                first_word, second_word = _recased(first_word, second_word)
            made.append(f"{second_word}{joined[left:right]}{first_word}")
        return made


def _opens_sentence(batch: TextBatch, starts: np.ndarray) -> list[bool]:
    first = (batch.flags[starts - 1] & EDGE) != 0
    ends = np.isin(batch.codes[np.maximum(starts - 2, 0)], [ord(mark) for mark in ".!?"])
    return (first | (ends & ((batch.flags[starts - 1] & SPACE) != 0))).tolist()


def _recased(first: str, second: str) -> tuple[str, str]:
    """The capital that opens a text goes to the word that will stand there."""
    if first[0].isupper() and first[1:].islower() and second.islower():
        return first[0].lower() + first[1:], second[0].upper() + second[1:]
    return first, second


class InsertPunctuation(TokenAugmenter):
    """Punctuation marks are put before words."""

    name: ClassVar[str] = "edit.insert_punctuation"
    source: ClassVar[str] = "Karimi et al. 2021, AEDA: An Easier Data Augmentation Technique"

    marks: tuple[str, ...] = Field((".", ";", "?", ":", "!", ","), min_length=1)

    def sites(self, batch: TextBatch) -> Sites:
        words = batch.free_words
        spaced = (batch.flags[words.starts - 1] & (SPACE | EDGE)) != 0
        return Sites(words.rows, words.starts, words.starts).where(spaced)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} mark") * len(self.marks)
        return [f"{self.marks[int(draw)]} " for draw in draws.tolist()]
