"""Letters and marks as wide as a character, and half as wide."""

import functools
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import DIGIT, members
from mashbill.transforms.languages.base import code_points

Mode = Literal["full", "half", "both"]
# Of Chinese, the wide marks that Unicode does not call so.
_MARKS = {"。": ".", "、": ",", "“": '"', "”": '"', "‘": "'", "’": "'", "【": "[", "】": "]"}

_STOPS = code_points("。、")  # are no part of a number, as the marks are that they become


class Width(TokenAugmenter):
    """Words in Latin letters, numbers and marks change between half and full width: ABC, ＡＢＣ."""

    name: ClassVar[str] = "typo.width"
    languages: ClassVar[tuple[str, ...]] = ("zh",)
    source: ClassVar[str] = "Unicode Standard Annex 11, East Asian Width"
    replaces: ClassVar[tuple[str, ...]] = ("number",)  # as a whole
    always_changes: ClassVar[bool] = True

    rate: Rate = 0.2

    mode: Mode = Field("both", description="width that comes; both: whichever it is not")

    def sites(self, batch: TextBatch) -> Sites:
        """Stretches without a space that one table has, the marks among them each by itself."""
        found = [_stretches(batch, table) for table in _tables(self.mode)]
        starts, ends = (np.concatenate(column) for column in zip(*found, strict=True))
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
        return Sites(batch.rows_of(starts), starts, ends)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        table = _table(self.mode)
        return [text.translate(table) for text in batch.strings(sites)]


class _Width:
    """One way to change: what it has, and which of that are marks."""

    def __init__(self, changes: Mapping[str, str]):
        self.known = members("".join(changes))
        self.joined = members("".join(one for one in changes if one.isalnum()))


def _stretches(batch: TextBatch, table: "_Width") -> tuple[np.ndarray, np.ndarray]:
    known, joined = table.known.take(batch.codes), table.joined.take(batch.codes)
    # A mark between two digits or letters is part of a number or a name: 3.5, a-b.
    inner = np.zeros(len(known), bool)
    inner[1:-1] = known[1:-1] & joined[:-2] & joined[2:] & ~np.isin(batch.codes[1:-1], _STOPS)
    # One between two numbers would make one of them: 1、6.
    digits = batch.has(DIGIT)
    known[1:-1] &= ~(digits[:-2] & digits[2:] & ~joined[1:-1] & ~inner[1:-1])
    joined = joined | inner
    first = known.copy()
    first[1:] &= ~(joined[1:] & joined[:-1])
    starts = np.flatnonzero(first)
    falls = np.flatnonzero(np.append(known[:-1] & ~known[1:], known[-1])) + 1
    ends = np.append(starts[1:], len(known))
    return starts, np.minimum(ends, falls[np.searchsorted(falls, starts, "right")])


@functools.cache
def _wide() -> Mapping[str, str]:
    return {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}


@functools.cache
def _narrow() -> Mapping[str, str]:
    return {wide: half for half, wide in _wide().items()} | _MARKS


@functools.cache
def _tables(mode: Mode) -> tuple[_Width, ...]:
    ways = {"full": (_wide(),), "half": (_narrow(),), "both": (_wide(), _narrow())}[mode]
    return tuple(map(_Width, ways))


@functools.cache
def _table(mode: Mode) -> Mapping[int, str]:
    ways = {"full": (_wide(),), "half": (_narrow(),), "both": (_wide(), _narrow())}[mode]
    return str.maketrans({one: other for way in ways for one, other in way.items()})
