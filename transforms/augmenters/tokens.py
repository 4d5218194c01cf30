"""Words and their casing."""

from typing import NamedTuple


class Word(NamedTuple):
    """A word at `[start, end)` of its text."""

    start: int
    end: int
    text: str


def match_case(like: str, word: str) -> str:
    """`word` in the casing of `like`: upper, capitalised, or else as it is."""
    if like.islower() or not word:
        return word
    if len(like) > 1 and like.isupper():
        return word.upper()
    if like[0].isupper() and (len(like) == 1 or like[1:].islower()):
        return word[0].upper() + word[1:]
    return word


def capitalised(text: str) -> str:
    return text[0].upper() + text[1:]
