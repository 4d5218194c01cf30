"""Where a tokenizer puts the words of a text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mashbill.models.tasks.words import word_bounds

if TYPE_CHECKING:
    from tokenizers import Encoding


class FirstPieces(NamedTuple):
    """The token of each word of a text, as far as the encoding reaches.

    Attributes:
        tokens: places in the encoding, int64 [words that it reaches]; never descending.
        own: bool, False for a word that no token begins with: its token is that of another word,
            before it or behind it.
    """

    tokens: np.ndarray
    own: np.ndarray


def first_pieces(text: str, encoding: "Encoding") -> FirstPieces:
    """By the offsets of an encoding of the text, or of its beginning, special tokens included."""
    first, offsets = inner(encoding)
    return place_words(text, offsets, first)


def inner(encoding: "Encoding") -> tuple[int, np.ndarray]:
    """Place of the first token that is not special, and the offsets of all such, int64 [_, 2]."""
    special = encoding.special_tokens_mask
    ordinary = [i for i, one in enumerate(special) if not one]
    if not ordinary:
        return 0, np.empty((0, 2), np.int64)
    first, last = ordinary[0], ordinary[-1] + 1
    return first, np.array(encoding.offsets[first:last], np.int64)


def place_words(text: str, offsets: np.ndarray, first: int = 0) -> FirstPieces:
    """Words by the offsets of the tokens, of which the first has the place `first`."""
    starts = np.array([start for start, _ in word_bounds(text)], np.int64)
    if not len(offsets):
        return FirstPieces(np.empty(0, np.int64), np.empty(0, bool))
    tokens = np.searchsorted(offsets[:, 1], starts, side="right")
    reached = tokens < len(offsets)
    tokens, starts = tokens[reached], starts[reached]
    alone = np.diff(tokens, prepend=-1) > 0
    return FirstPieces(first + tokens, alone & (offsets[tokens, 0] <= starts))


def on_tokens(
    values: np.ndarray, places: Sequence[FirstPieces], lengths: Sequence[int], blank: np.ndarray
) -> np.ndarray:
    """Values of words, laid at their tokens: [rows, longest, …], `blank` where there is none.

    Args:
        values: ragged, of each row an array [words, …], or None.
        lengths: of the rows in tokens.
    """
    laid = np.empty((len(values), max(lengths, default=0), *blank.shape), blank.dtype)
    laid[:] = blank
    for row, (own, place) in enumerate(zip(values, places, strict=True)):
        if own is not None:
            reached = own[: len(place.tokens)]
            mine = place.own[: len(reached)]
            laid[row, place.tokens[: len(reached)][mine]] = reached[mine]
    return laid
