"""Words are dropped, moved or interrupted."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from mashbill.models.ranges import ranges
from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import EDGE, LETTER, SOLO, SPACE, UPPER, WORD
from mashbill.transforms.augmenters.in_place import InPlace
from mashbill.transforms.augmenters.lookup import look_up
from mashbill.transforms.augmenters.sites import but_one
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.augmenters.typo import LetterTypo
from mashbill.transforms.augmenters.vocabulary import VocabularyAugmenter
from mashbill.transforms.augmenters.word_cache import WordCache
from mashbill.transforms.languages.base import code_points

EDA = "Wei & Zou 2019, EDA: Easy Data Augmentation Techniques"


class Delete(TokenAugmenter):
    """Words are left out, each with the space before it; one word of a text always stays."""

    name: ClassVar[str] = "edit.delete"
    always_changes: ClassVar[bool] = True
    source: ClassVar[str] = EDA

    rate: Rate = 0.05

    def sites(self, batch: TextBatch) -> Sites:
        return with_space(batch, batch.free_words)

    def chosen(self, batch: TextBatch, sites: Sites) -> Sites:
        return but_one(super().chosen(batch, sites), np.diff(batch.bounds_of(batch.words.starts)))

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        return [""] * len(sites.rows)


def with_space(batch: TextBatch, words: Sites) -> Sites:
    """The words that can go without leaving a trace, with the white space that goes with them.

    That is the one code point of space before the word; for the first of a text, or where something
    like a bracket stands before it, the one behind it. Between two gaps, all of a wider first one.
    Scripts without spaces need none, unless two words of another script would meet.
    """
    before, after = batch.flags[words.starts - 1], batch.flags[words.ends]
    left, spaced = (before & SPACE) != 0, (after & SPACE) != 0
    right = ~left & spaced
    gap = left.astype(np.int64)
    wide = np.flatnonzero(left & spaced & ((batch.flags[words.starts - 2] & SPACE) != 0))
    if len(wide):  # what is left of a wide gap would meet the next one
        filled = np.flatnonzero(~batch.has(SPACE))
        starts = words.starts[wide]
        gap[wide] = starts - filled[np.searchsorted(filled, starts) - 1] - 1
    gone = (left & spaced) | (((before | after) & EDGE) != 0)
    rest = np.flatnonzero(~gone)
    gone[rest] = _may_go(batch, words.starts[rest], words.ends[rest])
    return Sites(words.rows, words.starts - gap, words.ends + right).where(gone)


_CLOSING = code_points(".,;:!?)]}\"'’”…»")
_OPENING = code_points("([{\"'‘“«„¡¿")


def _may_go(batch: TextBatch, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """bool [n]: the word, which has white space on one side at most, leaves no trace.

    Behind any word may stand what closes, but "=" would become part of a link. Before any word may
    stand what opens, but "." would make a fraction.
    """
    flags, codes = batch.flags, batch.codes
    before, after = flags[starts - 1], flags[ends]
    alone = ((flags[starts] & SOLO) != 0) & ((before & (WORD | SOLO)) != WORD)
    alone |= (before & after & SOLO) != 0
    inside = (flags[np.minimum(ends + 1, len(flags) - 1)] & WORD) != 0
    follows = ((before & SPACE) != 0) & np.isin(codes[ends], _CLOSING) & ~inside
    begins = ((after & SPACE) != 0) & np.isin(codes[starts - 1], _OPENING)
    return alone | follows | begins


class Swap(InPlace, TokenAugmenter):
    """Two neighbouring words change places; casing stays where it was."""

    name: ClassVar[str] = "edit.swap"
    source: ClassVar[str] = EDA

    rate: Rate = 0.2

    def sites(self, batch: TextBatch) -> Sites:
        words = batch.free_words
        pairs = np.flatnonzero(self._only_space_between(batch, words.ends[:-1], words.starts[1:]))
        return Sites(words.rows[pairs], words.starts[pairs], words.ends[pairs + 1])

    def _only_space_between(self, batch: TextBatch, ends, starts) -> np.ndarray:
        """bool [n]: from each end to the start, which of different texts never are."""
        gap = starts - ends
        spaced = (gap == 1) & ((batch.flags[ends] & SPACE) != 0)
        if not batch.holds(SOLO):
            return spaced
        solo = (batch.flags[ends - 1] & SOLO, batch.flags[starts] & SOLO)
        return (spaced | ((gap == 0) & (solo[0] != 0))) & (solo[0] == solo[1])

    def rewrite(self, batch: TextBatch, sites: Sites, codes: np.ndarray) -> Sites:
        joined, words = batch.joined, batch.words
        starts, ends = sites.starts, sites.ends
        first = np.searchsorted(words.starts, starts)
        lefts, rights = words.ends[first], words.starts[first + 1]
        begins = np.stack([rights, lefts, starts], axis=1).ravel()
        sizes = np.stack([ends - rights, rights - lefts, lefts - starts], axis=1).ravel()
        codes[ranges(starts, ends - starts)] = batch.codes[ranges(begins, sizes)]
        one, other = ((batch.flags[at] & UPPER) != 0 for at in (starts, rights))
        moved = np.flatnonzero(one & ~other & _opens_sentence(batch, starts))
        columns = (column[moved].tolist() for column in (starts, lefts, rights, ends))
        for start, left, right, end in zip(*columns, strict=True):
            before, after = joined[start:left], joined[right:end]
            if capitals := _moved_capital(before, after):
                codes[start], codes[end - len(before)] = map(ord, capitals)
        changed = np.ones(len(starts), bool)
        alike = np.flatnonzero(lefts - starts == ends - rights)
        changed[alike] = _differ(batch.codes, codes, starts[alike], ends[alike])
        return sites.where(changed)


def _differ(old: np.ndarray, new: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """bool [n]: something between a start and its end, of which none are equal, is not the same."""
    if not len(starts):
        return np.zeros(0, bool)
    sizes = ends - starts
    places = ranges(starts, sizes)
    return np.logical_or.reduceat(old[places] != new[places], np.cumsum(sizes) - sizes)


def _opens_sentence(batch: TextBatch, starts: np.ndarray) -> np.ndarray:
    first = (batch.flags[starts - 1] & EDGE) != 0
    full_stops = code_points(batch.language.full_stops)
    ends = np.isin(batch.codes[np.maximum(starts - 2, 0)], full_stops)
    return first | (ends & ((batch.flags[starts - 1] & SPACE) != 0))


def _moved_capital(first: str, second: str) -> tuple[str, str] | None:
    """The first letters of the second word and of the first, when the second will stand first in a
    sentence and takes its capital; None where there is no capital to move."""
    if not (first[0].isupper() and first[1:].islower() and second.islower()):
        return None
    large, small = second[0].upper(), first[0].lower()
    return (large, small) if len(large) == len(small) == 1 else None


_WIDE = dict(zip(".;?:!,", "。；？：！，", strict=True))


class InsertPunctuation(TokenAugmenter):
    """Punctuation marks are put before words; wide ones, where a script puts no spaces."""

    name: ClassVar[str] = "edit.insert_punctuation"
    always_changes: ClassVar[bool] = True
    source: ClassVar[str] = "Karimi et al. 2021, AEDA: An Easier Data Augmentation Technique"

    marks: tuple[str, ...] = Field((".", ";", "?", ":", "!", ","), min_length=1)

    def sites(self, batch: TextBatch) -> Sites:
        words = batch.free_words
        before = batch.flags[words.starts - 1]
        apart = ((before & (SPACE | EDGE)) != 0) | (before & batch.flags[words.starts] & SOLO != 0)
        return Sites(words.rows, words.starts, words.starts).where(apart)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = (batch.uniforms(sites, f"{self.name} mark") * len(self.marks)).astype(np.int64)
        spaced = [f"{mark} " for mark in self.marks]
        solo = batch.flags[sites.starts] & SOLO != 0
        if not solo.any():
            return list(map(spaced.__getitem__, draws.tolist()))
        options = [*spaced, *(_WIDE.get(mark, mark) for mark in self.marks)]
        return list(map(options.__getitem__, (draws + solo * len(spaced)).tolist()))


class InsertSymbol(InsertPunctuation):
    """Symbols are put before words."""

    name: ClassVar[str] = "edit.insert_symbol"
    source: ClassVar[str] = "as nlpaug's RandomCharAug does with special characters"

    rate: Rate = 0.2

    marks: tuple[str, ...] = Field(("*", "#", "&", "%", "~", "^", "=", "+", "|"), min_length=1)


class Duplicate(TokenAugmenter):
    """Words stand twice."""

    name: ClassVar[str] = "edit.duplicate"
    always_changes: ClassVar[bool] = True
    source: ClassVar[str] = "Dhole et al. 2021, NL-Augmenter"

    rate: Rate = 0.2

    def sites(self, batch: TextBatch) -> Sites:
        return batch.free_words

    def chosen(self, batch: TextBatch, sites: Sites) -> Sites:
        chosen = super().chosen(batch, sites)
        return Sites(chosen.rows, chosen.ends, chosen.ends, batch.strings(chosen))

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        apart = ((batch.flags[sites.ends - 1] & SOLO) == 0).tolist()
        return [" " * gap + word for gap, word in zip(apart, sites.options, strict=True)]


class Split(LetterTypo):
    """A space comes between two letters of a word."""

    name: ClassVar[str] = "edit.split"
    always_changes: ClassVar[bool] = True
    source: ClassVar[str] = "as nlpaug's SplitAug"
    reach: ClassVar[int] = 0
    spare: ClassVar[int] = 1  # words of at least three letters, where words have spaces around

    rate: Rate = 0.05

    def sites(self, batch: TextBatch) -> Sites:
        words = batch.free_words
        before = self._counts(batch)
        spare = np.where(batch.flags[words.starts] & SOLO, 0, self.spare)
        return words.where(before[words.ends] - before[words.starts] > spare)

    def letters(self, batch: TextBatch) -> np.ndarray:
        """Letters before which, and before which in the same word, a letter stands."""
        inner = batch.has(LETTER)
        inner[1:] &= inner[:-1].copy()
        inner[batch.words.starts] = False
        return inner

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        return [" "] * len(sites.rows)


class Join(TokenAugmenter):
    """The space between two words is left out."""

    name: ClassVar[str] = "edit.join"
    always_changes: ClassVar[bool] = True
    source: ClassVar[str] = "Ribeiro et al. 2020, Beyond Accuracy: CheckList"

    rate: Rate = 0.05

    def sites(self, batch: TextBatch) -> Sites:
        words = batch.free_words
        ends, starts = words.ends[:-1], words.starts[1:]
        single = (words.rows[1:] == words.rows[:-1]) & (starts - ends == 1)
        single &= (batch.flags[ends] & SPACE) != 0
        return Sites(words.rows[:-1], ends, starts).where(single)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        return [""] * len(sites.rows)


class Crop(TokenAugmenter):
    """One stretch of neighbouring words is left out; the rate is its share of the words."""

    name: ClassVar[str] = "edit.crop"
    always_changes: ClassVar[bool] = True
    source: ClassVar[str] = "as nlpaug's RandomWordAug(action='crop')"

    rate: Rate = 0.1

    def sites(self, batch: TextBatch) -> Sites:
        words = batch.words
        bounds = batch.bounds_of(words.starts)
        counts = np.diff(bounds)
        rows = np.flatnonzero(counts > 1)
        draws = np.array([[rng.uniform(), rng.uniform()] for rng in batch.rngs(rows, self.name)])
        counts = counts[rows]
        share, place = draws.reshape(-1, 2).T
        size = np.clip((self.rates(batch, rows) * counts + share).astype(np.int64), 1, counts - 1)
        first = bounds[rows] + (place * (counts - size + 1)).astype(np.int64)
        return with_space(batch, Sites(rows, words.starts[first], words.ends[first + size - 1]))

    def chosen(self, batch: TextBatch, sites: Sites) -> Sites:
        return sites

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        return [""] * len(sites.rows)


class Case(TokenAugmenter):
    """Words change between lower case, upper case and a capital."""

    name: ClassVar[str] = "edit.case"
    source: ClassVar[str] = "Dhole et al. 2021, NL-Augmenter"

    def sites(self, batch: TextBatch) -> Sites:
        return look_up(batch, _CASES)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} option").tolist()
        return [cases[int(d * len(cases))] for cases, d in zip(sites.options, draws, strict=True)]


def _other_cases(word: str) -> tuple[str, ...]:
    cases = (word.lower(), word.upper(), word[0].upper() + word[1:].lower())
    return tuple(case for case in dict.fromkeys(cases) if case != word)


_CASES = WordCache(_other_cases)


class Replace(VocabularyAugmenter):
    """Words become random words of the corpus."""

    name: ClassVar[str] = "edit.replace"
    source: ClassVar[str] = "Xie et al. 2017, Data Noising as Smoothing (uniform)"

    rate: Rate = 0.05

    def word_weights(self, statistics: Statistics) -> Sequence[float]:
        return [1.0] * len(statistics.counts)
