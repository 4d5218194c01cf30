"""From words of a text to mask tokens among its tokens, and which words may come there."""

import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mashbill.transforms.augmenters.batch import TextBatch
from mashbill.transforms.augmenters.characters import SPACE

if TYPE_CHECKING:
    from mashbill.models.word_tokens import Pieces, Ragged

NONE = -1  # a number that no word has


class Spans(NamedTuple):
    """Which tokens words are made of.

    Attributes:
        first, last: half open, counted in the word's text, int64 [words].
        exact: whether they make up the word and nothing else, bool [words].
    """

    first: np.ndarray
    last: np.ndarray
    exact: np.ndarray


def spans(pieces: "Pieces", batch: TextBatch) -> Spans:
    """The tokens of the free words of a batch, whose texts have these pieces."""
    words, lengths = batch.free_words, pieces.ids.lengths
    starts, ends = (column + np.repeat(batch.offsets, lengths) for column in pieces[1:])
    starts = _without_spaces(starts, ends, batch)
    first = np.searchsorted(ends, words.starts, "right")
    last = np.searchsorted(starts, words.ends)
    exact = first < last
    exact &= np.append(starts, 0)[first] >= words.starts
    exact &= np.append(ends, 0)[last - 1] == words.ends
    # A space that is a token of its own goes with its word, as it does where they are one token.
    spaces = (np.append(starts, 0)[first - 1] >= np.append(ends, 0)[first - 1]) & (first > 0)
    first = first - (spaces & (np.append(ends, 0)[first - 1] == words.starts))
    before = pieces.ids.starts[words.rows]
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


def hide(
    tokens: "Ragged", rows: np.ndarray, first: np.ndarray, last: np.ndarray, mask_id: int
) -> tuple["Ragged", np.ndarray]:
    """The rows with one mask for each slot, whatever the number of tokens that it replaces, and the
    column of each mask, int64 [slots].

    Args:
        tokens: of texts.
        rows, first, last: of the slots, one after another: the text, and which of its tokens, half
            open; none for an insertion, which makes the row longer. int64 [slots].
    """
    starts, size = tokens.starts[rows], len(tokens.flat)
    begins = np.bincount(starts + first, minlength=size + 1)
    goes = np.cumsum(begins - np.bincount(starts + last, minlength=size + 1))[:size] > 0
    kept = np.append(0, np.cumsum(~goes))
    masks = kept[starts + first] + np.arange(len(rows))
    flat = np.full(int(kept[-1]) + len(rows), mask_id)
    others = np.ones(len(flat), bool)
    others[masks] = False
    flat[others] = tokens.flat[~goes]
    ends = tokens.starts + tokens.lengths
    lengths = kept[ends] - kept[tokens.starts] + np.bincount(rows, minlength=len(ends))
    hidden = type(tokens)(flat, lengths)
    return hidden, masks - hidden.starts[rows]


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


class Limit(NamedTuple):
    """What candidates must be, or must not be, at each place.

    Attributes:
        table: a number for each word, int64 [words].
        wanted: one for each place, int64 [places].
        equal: whether a candidate's number must be that of the place, or must not.
    """

    table: np.ndarray
    wanted: np.ndarray
    equal: bool = True


def limits(
    words: tuple[str, ...], avoid: Sequence[Collection[str]], like: Sequence[str]
) -> list[Limit]:
    """A word must be of the script of `like` and, case folded, none of `avoid`; one for each
    place."""
    table = word_table(words)
    scripts = [table.script_numbers.get(_script(near[0]), NONE) for near in like]
    known = [[table.form_numbers.get(word, NONE) for word in banned] for banned in avoid]
    never = [np.array(column, np.int64) for column in zip_longest(*known, fillvalue=NONE)]
    return [
        Limit(table.scripts, np.array(scripts, np.int64)),
        *(Limit(table.forms, forms, equal=False) for forms in never),
    ]


@lru_cache(maxsize=65_536)
def _script(letter: str) -> str:
    """LATIN, CYRILLIC, CJK and so on: the first word of the letter's Unicode name."""
    return unicodedata.name(letter, "").partition(" ")[0]
