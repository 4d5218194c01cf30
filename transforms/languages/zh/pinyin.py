"""Words in Latin letters."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import SOLO, WORD
from mashbill.transforms.augmenters.lookup import look_up
from mashbill.transforms.augmenters.word_cache import WordCache
from mashbill.transforms.languages.zh.sound import readings

Form = Literal["full", "initials", "both"]


class Pinyin(TokenAugmenter):
    """A word is written in pinyin, or as the initials of its syllables: 朋友, pengyou, py."""

    name: ClassVar[str] = "typo.pinyin"
    languages: ClassVar[tuple[str, ...]] = ("zh",)
    always_changes: ClassVar[bool] = True
    source: ClassVar[str] = "how people write in haste, or past a filter; pypinyin (MIT)"

    rate: Rate = 0.05

    form: Form = Field("full", description="all letters, the initials, or either")

    def sites(self, batch: TextBatch) -> Sites:
        """Words that touch no letter or digit of another script, which would seem part of them."""
        words = look_up(batch, _SPELLED)
        before, after = (batch.flags[place] & (SOLO | WORD) for place in _beside(words))
        return words.where((before != WORD) & (after != WORD))

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} form")
        short = {"full": 0.0, "initials": 1.0, "both": 0.5}[self.form]
        return [
            "".join(syllable[0] for syllable in syllables) if initials else "".join(syllables)
            for syllables, initials in zip(sites.options, (draws < short).tolist(), strict=True)
        ]


def _beside(sites: Sites) -> tuple[np.ndarray, np.ndarray]:
    return sites.starts - 1, sites.ends


def _spelled(word: str) -> list[str] | None:
    return readings().spelled(word)


_SPELLED = WordCache(_spelled)
