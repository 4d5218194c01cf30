"""Words that were meant, and others of the same sound that were typed."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.lookup import look_up
from mashbill.transforms.languages.zh.sound import FUZZY, characters, homophones

Unit = Literal["word", "character", "either"]
UNIT = (
    "what is confused: words; characters, whatever word they belong to; or words, and one "
    "character of those that have no such double"
)


class SoundAlike(TokenAugmenter):
    """Words become others that an input method offers beside them, the likelier the more used."""

    languages: ClassVar[tuple[str, ...]] = ("zh",)
    always_changes: ClassVar[bool] = True

    rate: Rate = 0.05

    unit: Unit = Field("word", description=UNIT)

    def sounds(self) -> tuple[bool, tuple[str, ...]]:
        """Whether the tones are the same, and the sounds that are not told apart."""
        raise NotImplementedError

    def sites(self, batch: TextBatch) -> Sites:
        if self.unit == "character":
            places = np.flatnonzero(characters(*self.sounds()).known[batch.codes] & batch.free_solo)
            return Sites(batch.rows_of(places), places, places + 1)
        return look_up(batch, homophones(*self.sounds(), self.unit))

    def weights(self, batch: TextBatch, sites: Sites) -> np.ndarray | float:
        """A word that nearly everybody means by its sound is seldom mistaken."""
        if sites.options is None:
            shares = characters(*self.sounds()).shares[batch.codes[sites.starts]]
        else:
            shares = np.array([alike.share for alike in sites.options])
        shares = shares + 0.01
        sizes = np.bincount(sites.rows, minlength=len(batch.texts))
        means = np.bincount(sites.rows, shares, len(batch.texts)) / np.maximum(sizes, 1)
        return shares / means[sites.rows]

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} option")
        if sites.options is None:
            return characters(*self.sounds()).draw(batch.codes[sites.starts], draws)
        return [alike.at(draw) for alike, draw in zip(sites.options, draws.tolist(), strict=True)]


class Homophone(SoundAlike):
    """A word becomes another of the same sound, as when the wrong one is picked from the list of an
    input method."""

    name: ClassVar[str] = "typo.homophone"
    source: ClassVar[str] = (
        "Liu et al. 2010, Visually and Phonologically Similar Characters in Incorrect Simplified "
        "Chinese Words; readings of pypinyin (MIT), words and their uses of jieba (MIT)"
    )

    tone: bool = Field(False, description="whether the tones are the same, too")

    def sounds(self) -> tuple[bool, tuple[str, ...]]:
        return self.tone, ()


class PinyinFuzzy(SoundAlike):
    """A word becomes another whose sound many regions do not tell from its own."""

    name: ClassVar[str] = "typo.pinyin_fuzzy"
    source: ClassVar[str] = (
        "fuzzy pinyin of input methods; readings of pypinyin (MIT), words and their uses of jieba "
        "(MIT)"
    )

    pairs: tuple[str, ...] = Field(
        tuple(FUZZY), min_length=1, description=f"sounds that are mixed up: {', '.join(FUZZY)}"
    )

    @field_validator("pairs")
    @classmethod
    def _are_known(cls, pairs: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [pair for pair in pairs if pair not in FUZZY]:
            raise ValueError(f"{unknown[0]!r} is not a pair; allowed: {', '.join(FUZZY)}")
        return pairs

    def sounds(self) -> tuple[bool, tuple[str, ...]]:
        return False, self.pairs
