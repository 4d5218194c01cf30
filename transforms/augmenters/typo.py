"""Slips of the fingers: one letter of a word goes wrong."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import AliasChoices, Field, field_validator

from mashbill.transforms.augmenters import letters
from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import LETTER, SOLO, UPPER, WORD, members
from mashbill.transforms.augmenters.in_place import InPlace
from mashbill.transforms.augmenters.sites import but_one, without_overlap
from mashbill.transforms.languages.base import Language

DAMERAU = "Damerau 1964, A technique for computer detection and correction of spelling errors"


class LetterTypo(TokenAugmenter):
    """One letter in each of the words chosen, since most misspelt words have just one error.

    In a script without spaces, whose words the hand does not see, characters go wrong.
    """

    source: ClassVar[str] = DAMERAU
    always_changes: ClassVar[bool] = True
    reach: ClassVar[int] = 1  # code points that are replaced
    spare: ClassVar[int] = 0  # letters that a word must have beside

    def options(self) -> letters.Options:
        """What may be typed for each letter that can go wrong."""
        raise NotImplementedError

    def letters(self, batch: TextBatch) -> np.ndarray:
        """bool per code point: the letters that can go wrong."""
        return self.options().known.take(batch.codes)

    def sites(self, batch: TextBatch) -> Sites:
        words, before = batch.free_spaced, self._counts(batch)
        words = words.where(before[words.ends] - before[words.starts] > self.spare)
        if not batch.holds(SOLO):
            return words
        alone = np.flatnonzero(self._wrong(batch) & batch.free_solo)
        if not len(alone):
            return words
        starts, ends = (np.append(alone + k, words[1 + k]) for k in (0, 1))
        order = np.argsort(starts, kind="stable")
        return Sites(batch.rows_of(starts[order]), starts[order], ends[order])

    def drawn_sites(self, batch: TextBatch) -> Sites:
        return self.chosen(batch, self.sites(batch))  # all of which are free

    def chosen(self, batch: TextBatch, sites: Sites) -> Sites:
        """A random letter of each chosen word."""
        words = super().chosen(batch, sites)
        before = self._counts(batch)
        first = before[words.starts]
        draws = batch.uniforms(words, f"{self.name} letter")
        nth = first + (draws * (before[words.ends] - first)).astype(np.int64)
        places = np.flatnonzero(self._wrong(batch))[nth]
        return without_overlap(Sites(words.rows, places, places + self.reach))

    def _wrong(self, batch: TextBatch) -> np.ndarray:
        """bool per code point: letters that can go wrong, clusters of one code point."""
        if "wrong" not in batch.memo:
            letters = self.letters(batch)
            letters[:-1] &= batch.cuts[:-1] & batch.cuts[1:]
            batch.memo["wrong"] = letters
        return batch.memo["wrong"]

    def _counts(self, batch: TextBatch) -> np.ndarray:
        """How many letters that can go wrong stand before each place."""
        if "counts" not in batch.memo:
            letters = self._wrong(batch)
            counts = batch.memo["counts"] = np.zeros(len(letters) + 1, np.int32)
            np.cumsum(letters, dtype=np.int32, out=counts[1:])
        return batch.memo["counts"]

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} wrong")
        return self.options().draw(batch.codes[sites.starts], draws)


class Keyboard(LetterTypo):
    """A letter becomes its neighbour on the keyboard."""

    name: ClassVar[str] = "typo.keyboard"
    source: ClassVar[str] = "Belinkov & Bisk 2018, Synthetic and Natural Noise; nlpaug's layouts"

    rate: Rate = 0.05

    layout: str | None = Field(
        None,
        validation_alias=AliasChoices("layout", "language"),
        description=f"keyboard layout: {', '.join(letters.LAYOUTS)}; default: the language's",
    )

    @field_validator("layout")
    @classmethod
    def _is_known(cls, layout: str | None) -> str | None:
        if layout is not None and layout not in letters.LAYOUTS:
            raise ValueError(f"unknown layout; available: {', '.join(letters.LAYOUTS)}")
        return layout

    def misses(self, known: Language) -> str | None:
        if self.layout and known.keyboard:
            if letters.share_letters(self.layout, known.keyboard):
                return None
            return f"{self.name}: the layout {self.layout} has no letters of {known.name}"
        if self.layout or known.keyboard:
            return None
        layouts = ", ".join(letters.LAYOUTS)
        return f"{self.name} needs a `layout` for the language {known.name}: {layouts}"

    def options(self) -> letters.Options:
        return letters.options(letters.keyboard, self.layout or self.language.keyboard)


class Insert(LetterTypo):
    """A letter of the same alphabet slips in after another."""

    name: ClassVar[str] = "typo.insert"

    def options(self) -> letters.Options:
        return letters.options(letters.slipped_in)

    def letters(self, batch: TextBatch) -> np.ndarray:
        known = super().letters(batch)
        return known | (batch.has(SOLO) & batch.has(LETTER)) if self.language.slips else known

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        slips = self.language.slips
        solo = (batch.flags[sites.starts] & SOLO) != 0
        if not slips or not solo.any():
            return super().replacements(batch, sites)
        draws = batch.uniforms(sites, f"{self.name} slip")[solo] * len(slips)
        slipped = [slips[int(draw)] for draw in draws.tolist()]
        typos = list(super().replacements(batch, sites.where(~solo))) if not solo.all() else []
        mine, others = iter(slipped), iter(typos)
        return [
            letter + next(mine) if alone else next(others)
            for letter, alone in zip(batch.strings(sites), solo.tolist(), strict=True)
        ]


class Delete(LetterTypo):
    """A letter is left out; a word of one letter stays, and one character of a text.

    The first character behind a word of a script that puts spaces stays too: it may be all that
    keeps two such words apart. So does a character that negates: the text would say the opposite.
    """

    name: ClassVar[str] = "typo.delete"
    spare: ClassVar[int] = 1

    rate: Rate = 0.05

    def letters(self, batch: TextBatch) -> np.ndarray:
        single, solo = batch.has(LETTER), batch.has(SOLO)
        single[1:] &= ~(solo[1:] & (batch.has(WORD) & ~solo)[:-1])
        if self.language.negations:
            single &= ~members(self.language.negations).take(batch.codes)
        return single

    def chosen(self, batch: TextBatch, sites: Sites) -> Sites:
        before = self._counts(batch)
        there = before[batch.ends] - before[batch.offsets]
        return but_one(super().chosen(batch, sites), there)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        return [""] * len(sites.rows)


class Substitute(LetterTypo):
    """A letter becomes any other of the same alphabet."""

    name: ClassVar[str] = "typo.substitute"

    rate: Rate = 0.05

    def options(self) -> letters.Options:
        return letters.options(letters.others)


class Transpose(InPlace, LetterTypo):
    """Two neighbouring letters change places; a capital stays where it was."""

    name: ClassVar[str] = "typo.transpose"
    reach: ClassVar[int] = 2

    rate: Rate = 0.05

    def letters(self, batch: TextBatch) -> np.ndarray:
        """The first of each pair of different letters."""
        single = batch.has(LETTER)
        single[:-1] &= batch.cuts[1:]
        lower = letters.lower().take(batch.codes)
        first = np.zeros(len(single), bool)
        first[:-1] = single[:-1] & single[1:] & (lower[:-1] != lower[1:])
        first[batch.free_spaced.ends - 1] = False
        if batch.holds(SOLO):
            solo = batch.has(SOLO)
            first[:-1] &= (solo[:-1] == solo[1:]) & (~solo[1:] | batch.free_solo[1:])
        return first

    def rewrite(self, batch: TextBatch, sites: Sites, codes: np.ndarray) -> Sites:
        first, second = sites.starts, sites.starts + 1
        codes[first], codes[second] = batch.codes[second], batch.codes[first]
        capital = (batch.flags[first] & UPPER != 0) & (batch.flags[second] & UPPER == 0)
        for place in first[capital].tolist():
            large, small = chr(codes[place]).upper(), chr(codes[place + 1]).lower()
            if len(large) == len(small) == 1:
                codes[place], codes[place + 1] = ord(large), ord(small)
        return sites


class Repeat(LetterTypo):
    """A letter is typed twice."""

    name: ClassVar[str] = "typo.repeat"

    rate: Rate = 0.05

    def letters(self, batch: TextBatch) -> np.ndarray:
        return batch.has(LETTER)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        return [letter + letter.lower() for letter in batch.strings(sites)]


class Ocr(LetterTypo):
    """A letter becomes one that looks alike to a scanner."""

    name: ClassVar[str] = "typo.ocr"
    source: ClassVar[str] = "nlpaug's table of OCR errors"

    def options(self) -> letters.Options:
        return letters.options(letters.ocr)


class Homoglyph(LetterTypo):
    """A letter becomes one of another alphabet that looks the same."""

    name: ClassVar[str] = "typo.homoglyph"
    source: ClassVar[str] = "Unicode Technical Standard 39, confusables"

    rate: Rate = 0.05

    def options(self) -> letters.Options:
        return letters.options(letters.homoglyphs)


class Diacritics(LetterTypo):
    """A letter loses its accent, or gets one."""

    name: ClassVar[str] = "typo.diacritics"
    source: ClassVar[str] = (
        "Náplava et al. 2021, Understanding Model Robustness to User-generated Noisy Texts"
    )

    mode: Literal["drop", "add", "both"] = Field(
        "both", description="remove accents, add them, or both"
    )

    def options(self) -> letters.Options:
        return letters.options(letters.accents, self.mode)
