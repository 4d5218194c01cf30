"""From words of a text to mask tokens among its tokens, and which words may come there."""

import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mashbill.transforms.augmenters.batch import TextBatch
from mashbill.transforms.augmenters.characters import SPACE

if TYPE_CHECKING:
    from tokenizers import Encoding


Slot = tuple[int, int]
"""Tokens of a text, half open, that one mask stands for; none for an insertion."""


class Spans(NamedTuple):
    """Which tokens words are made of.

    Attributes:
        first, last: half open, counted in the word's text with its special tokens, int64 [words].
        exact: whether they make up the word and nothing else, bool [words].
    """

    first: np.ndarray
    last: np.ndarray
    exact: np.ndarray


def spans(encodings: Sequence["Encoding"], special: tuple[int, int], batch: TextBatch) -> Spans:
    """The tokens of the free words of a batch.

    Args:
        encodings: of the batch's texts, with their places.
        special: how many special tokens come first and last in each.
    """
    leading, trailing = special
    words = batch.free_words
    inner = [e.offsets[leading : len(e) - trailing] for e in encodings]
    counts = np.fromiter(map(len, inner), np.int64, len(inner))
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(inner)), np.int64)
    starts, ends = flat.reshape(-1, 2).T + np.repeat(batch.offsets, counts)
    starts = _without_spaces(starts, ends, batch)
    first = np.searchsorted(ends, words.starts, "right")
    last = np.searchsorted(starts, words.ends)
    exact = first < last
    exact &= np.append(starts, 0)[first] >= words.starts
    exact &= np.append(ends, 0)[last - 1] == words.ends
    # A space that is a token of its own goes with its word, as it does where they are one token.
    spaces = (np.append(starts, 0)[first - 1] >= np.append(ends, 0)[first - 1]) & (first > 0)
    first = first - (spaces & (np.append(ends, 0)[first - 1] == words.starts))
    before = (np.cumsum(counts) - counts - leading)[words.rows]
    return Spans(first - before, last - before, exact)


def _without_spaces(starts: np.ndarray, ends: np.ndarray, batch: TextBatch) -> np.ndarray:
    """Where the tokens begin behind the space that some tokenizers count to the word after it.

    A token that is nothing but space begins where it ends.
    """
    spaces = (batch.flags & SPACE) != 0
    if not spaces[starts].any():
        return starts
    letters = np.flatnonzero(~spaces)
    return np.minimum(letters[np.searchsorted(letters, starts)], ends)


class Plan(NamedTuple):
    """Token ids with masks, and the columns of these."""

    ids: list[int]
    columns: list[int]


def hide(
    tokens: list[int], slots: Sequence[Slot], mask_id: int, max_length: int, trailing: int
) -> Plan:
    """One mask token for each slot of a text, whatever the number of tokens that it replaces.

    Insertions make a row longer; what then exceeds `max_length` is cut, but for the `trailing`
    special tokens, so that the last slots may have no column.
    """
    ids: list[int] = []
    columns: list[int] = []
    place = 0
    for first, last in slots:
        ids += tokens[place:first]
        columns.append(len(ids))
        ids.append(mask_id)
        place = last
    ids += tokens[place:]
    if len(ids) <= max_length:
        return Plan(ids, columns)
    room = max_length - trailing
    ids = ids[:room] + tokens[len(tokens) - trailing :]
    return Plan(ids, columns[: bisect_left(columns, room)])


class WordTable(NamedTuple):
    """What is asked of a model's words, as numbers.

    Attributes:
        scripts, forms: of each word, int64 [words]; equal for words of one script, or that are the
            same when case folded.
        script_numbers, form_numbers: the numbers of these.
    """

    scripts: np.ndarray
    forms: np.ndarray
    script_numbers: dict[str, int]
    form_numbers: dict[str, int]


@lru_cache(maxsize=4)
def word_table(words: tuple[str, ...]) -> WordTable:
    scripts, script_numbers = _numbered([_script(word[0]) for word in words])
    forms, form_numbers = _numbered([word.casefold() for word in words])
    return WordTable(scripts, forms, script_numbers, form_numbers)


def _numbered(values: Sequence[str]) -> tuple[np.ndarray, dict[str, int]]:
    numbers = {value: i for i, value in enumerate(dict.fromkeys(values))}
    return np.array([numbers[value] for value in values], np.int64), numbers


def allowed(
    words: tuple[str, ...], numbers: np.ndarray, avoid: Sequence[set[str]], like: Sequence[str]
) -> np.ndarray:
    """Which candidates may come where: bool in the shape of `numbers`, [places, candidates].

    A word must be of the script of `like` and, case folded, none of `avoid`.
    """
    table = word_table(words)
    scripts = [table.script_numbers.get(_script(near[0]), -1) for near in like]
    fits = table.scripts[numbers] == np.array(scripts, np.int64)[:, None]
    forms = table.forms[numbers]
    known = [[table.form_numbers.get(word, -1) for word in banned] for banned in avoid]
    for banned in zip_longest(*known, fillvalue=-1):
        fits &= forms != np.array(banned, np.int64)[:, None]
    return fits


@lru_cache(maxsize=65_536)
def _script(letter: str) -> str:
    """LATIN, CYRILLIC, CJK and so on: the first word of the letter's Unicode name."""
    return unicodedata.name(letter, "").partition(" ")[0]
