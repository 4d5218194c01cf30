"""Slips of the fingers: one letter of a word goes wrong."""

import functools
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from transforms.augmenters.base import TokenAugmenter
from transforms.augmenters.batch import Sites, TextBatch
from transforms.augmenters.characters import members


class LetterTypo(TokenAugmenter):
    """One letter in each of the words chosen; most misspelt words have just one error.

    Source of that share: Damerau 1964, "A technique for computer detection and correction of
    spelling errors".
    """

    reach: ClassVar[int] = 1  # code points that are replaced

    def letters(self, batch: TextBatch) -> np.ndarray:
        """bool per code point: the letters that can go wrong."""
        raise NotImplementedError

    def wrong(self, letter: str, draw: float) -> str | None:
        """What is typed for the letter, given a uniform number in [0, 1)."""
        raise NotImplementedError

    def sites(self, batch: TextBatch) -> Sites:
        words = batch.free_words
        before = self._counts(batch)
        return words.where(before[words.ends] > before[words.starts])

    def chosen(self, batch: TextBatch, sites: Sites) -> Sites:
        """A random letter of each chosen word."""
        words = super().chosen(batch, sites)
        before = self._counts(batch)
        first = before[words.starts]
        draws = batch.uniforms(words, f"{self.name} letter")
        nth = first + (draws * (before[words.ends] - first)).astype(np.int64)
        places = np.flatnonzero(np.diff(before))[nth]
        return Sites(words.rows, places, places + self.reach)

    def _counts(self, batch: TextBatch) -> np.ndarray:
        """How many letters that can go wrong stand before each place."""
        if self.name not in batch.memo:
            letters = self.letters(batch)
            letters[:-1] &= batch.cuts[:-1] & batch.cuts[1:]  # clusters of one code point
            batch.memo[self.name] = np.concatenate([[0], np.cumsum(letters)])
        return batch.memo[self.name]

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} wrong").tolist()
        return list(map(self.wrong, batch.strings(sites), draws))


class Keyboard(LetterTypo):
    """A letter becomes its neighbour on the keyboard."""

    name: ClassVar[str] = "typo.keyboard"
    source: ClassVar[str] = "layouts of nlpaug (MIT)"

    language: str = Field("en", description="layout: de en es fr he it nl pl th tr uk")

    @field_validator("language")
    @classmethod
    def _has_layout(cls, language: str) -> str:
        if language not in LAYOUTS:
            raise ValueError(f"no layout for {language!r}; there are {', '.join(LAYOUTS)}")
        return language

    def letters(self, batch: TextBatch) -> np.ndarray:
        return _keys(self.language).take(batch.codes)

    def wrong(self, letter: str, draw: float) -> str | None:
        near = keyboard(self.language)[letter]
        return near[int(draw * len(near))]


LAYOUTS = ("de", "en", "es", "fr", "he", "it", "nl", "pl", "th", "tr", "uk")


@functools.cache
def keyboard(language: str) -> Mapping[str, str]:
    """The neighbouring letters of each letter, in its casing."""
    file = resources.files("nlpaug") / "res" / "char" / "keyboard" / f"{language}.json"
    layout = json.loads(file.read_text("utf-8"))
    near = {}
    for key, others in layout.items():
        letters = "".join(other for other in others if other.isalpha() and other != key)
        if key.isalpha() and letters:
            near[key] = letters
            if len(key.upper()) == 1 and all(len(c.upper()) == 1 for c in letters):
                near.setdefault(key.upper(), letters.upper())
    return near


@functools.cache
def _keys(language: str) -> np.ndarray:
    return members("".join(keyboard(language)))
