"""Simplified and traditional characters."""

import functools
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.lookup import look_up
from mashbill.transforms.augmenters.word_cache import WordCache
from mashbill.transforms.languages.zh.packages import converter

OPENCC = "OpenCC (Apache-2.0)"


class Converted(TokenAugmenter):
    """Words in the other script; at a rate of 1 the whole text."""

    languages: ClassVar[tuple[str, ...]] = ("zh",)
    source: ClassVar[str] = OPENCC
    replaces: ClassVar[tuple[str, ...]] = ("number",)  # its digits stay, its unit does not
    always_changes: ClassVar[bool] = True

    rate: Rate = 1.0

    def config(self) -> str:
        """OpenCC's name of the conversion."""
        raise NotImplementedError

    def sites(self, batch: TextBatch) -> Sites:
        whole = self.rate == 1 and not (self.max_edits or self.stopwords)
        found = self._characters(batch) if whole else None
        return look_up(batch, _converted(self.config())) if found is None else found

    def _characters(self, batch: TextBatch) -> Sites | None:
        """All that change, in whole texts, where more tells what is meant than a word does.

        None: words that the region has instead are longer or shorter.
        """
        codes = batch.codes
        if (lone := (codes & ~np.uint32(0x7FF)) == 0xD800).any():
            codes = np.where(lone, np.uint32(0xFFFD), codes)
        converted = converter(self.config()).convert(codes.tobytes().decode("utf-32-le"))
        other = np.frombuffer(converted.encode("utf-32-le"), np.uint32)
        if len(other) != len(codes):
            return None
        places = np.flatnonzero(other != codes)
        options = other[places].view("U1").tolist()
        return Sites(batch.rows_of(places), places, places + 1, options)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        return sites.options


class Traditional(Converted):
    """Simplified characters become traditional ones, and words those of a region if it is named."""

    name: ClassVar[str] = "script.traditional"

    region: Literal["standard", "taiwan", "taiwan_words", "hong_kong"] = Field(
        "standard",
        description="whose characters; `taiwan_words`: its words, too, 软件 becomes 軟體",
    )

    def config(self) -> str:
        return {
            "standard": "s2t",
            "taiwan": "s2tw",
            "taiwan_words": "s2twp",
            "hong_kong": "s2hk",
        }[self.region]


class Simplified(Converted):
    """Traditional characters become simplified ones, a region's words those of the mainland."""

    name: ClassVar[str] = "script.simplified"

    region: Literal["standard", "taiwan", "taiwan_words", "hong_kong"] = Field(
        "standard",
        description="whose characters they were; `taiwan_words`: 軟體 becomes 软件",
    )

    def config(self) -> str:
        return {
            "standard": "t2s",
            "taiwan": "tw2s",
            "taiwan_words": "tw2sp",
            "hong_kong": "hk2s",
        }[self.region]


@functools.cache
def _converted(config: str) -> WordCache:
    return WordCache(_Other(config))


class _Other:
    """A word in the other script; None where it is the same."""

    def __init__(self, config: str):
        self._convert = converter(config).convert

    def __call__(self, word: str) -> str | None:
        if word.isascii() or not word.isprintable():
            return None
        other = self._convert(word)
        return other if other != word else None
