"""A text from its words, for files that have nothing else of it."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import regex

from mashbill.models.tasks.words import UNSPACED

Spacing = Literal["natural", "plain"]

_CLOSES = regex.compile(r"[.,;:!?…%)\]}»”]+|['’](?:s|re|ve|ll|d|m|t)?|n['’]t", regex.IGNORECASE)
_OPENS = regex.compile(r"[(\[{«“$£€¿¡]")
_QUOTE = frozenset("\"'")
_UNSPACED = regex.compile(f"[{UNSPACED}、。，！？；：（）「」『』《》]")


class BadWords(ValueError):
    """Words of which no text can be made; the message says why."""


class Joined(NamedTuple):
    """A text, and where each of its words stands in it, in code points."""

    text: str
    bounds: list[tuple[int, int]]


def join(words: Sequence[Any], spacing: Spacing = "natural") -> Joined:
    """The words with spaces between them.

    `plain` puts one everywhere. `natural` puts none before closing marks and what English takes
    off a word ("'s", "n't"), none behind opening ones, and none between letters of scripts that
    have no spaces. Straight quotes open and close in turn.

    Raises:
        BadWords: there are no words, or one is empty or no text.
    """
    if not words:
        raise BadWords("there are no words")
    pieces: list[str] = []
    bounds: list[tuple[int, int]] = []
    place, quotes, opened = 0, dict.fromkeys(_QUOTE, False), True
    for number, word in enumerate(words, 1):
        if not isinstance(word, str) or not word.strip():
            what = "empty" if isinstance(word, str) else f"{type(word).__name__}, not text"
            raise BadWords(f"word {number} is {what}")
        closes = _CLOSES.fullmatch(word) is not None
        opens = _OPENS.fullmatch(word) is not None
        if word in _QUOTE:
            closes, opens = quotes[word], not quotes[word]
            quotes[word] = not quotes[word]
        apart = not opened and not closes and not (pieces and _runs_on(pieces[-1], word))
        if number > 1 and (apart or spacing == "plain"):
            pieces.append(" ")
            place += 1
        pieces.append(word)
        bounds.append((place, place + len(word)))
        place, opened = place + len(word), opens
    return Joined("".join(pieces), bounds)


def _runs_on(before: str, word: str) -> bool:
    return _UNSPACED.match(before[-1]) is not None and _UNSPACED.match(word[0]) is not None
