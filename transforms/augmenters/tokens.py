"""Words, their casing, and the article that goes with them."""

import functools
import re
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


_SOUNDS_LIKE_CONSONANT = re.compile(
    r"(?:u(?=ni(?!n|m)|s[aeiu]|t[ei]|r[aeio]|k|biq)|eu|ew|one(?![a-z])|once|ouija)", re.IGNORECASE
)
_SILENT_H = re.compile(r"(?:hono|honest|heir|hour)", re.IGNORECASE)
_LETTERS_WITH_VOWEL = frozenset("AEFHILMNORSX")


@functools.lru_cache(maxsize=1 << 16)
def takes_an(word: str) -> bool:
    """Whether "an" comes before the word: by its sound, as far as its spelling tells."""
    if len(word) > 1 and word.isupper() and not re.search("[AEIOU]", word[1:]):
        return word[0] in _LETTERS_WITH_VOWEL  # read letter by letter: an MP, a DVD
    if _SILENT_H.match(word):
        return True
    return word[:1].lower() in set("aeiou") and not _SOUNDS_LIKE_CONSONANT.match(word)


def article_for(article: str, old: str, new: str) -> str | None:
    """The article that `new` wants where `article` stood before `old`; None to leave it.

    An article that was wrong before is left as it is.
    """
    lowered = article.lower()
    if lowered not in ("a", "an") or not new[:1].isalpha() or (lowered == "an") != takes_an(old):
        return None
    wanted = "an" if takes_an(new) else "a"
    if wanted == lowered:
        return None
    if article == "AN" or (article == "A" and len(old) > 1 and old.isupper()):
        return wanted.upper()
    return wanted.capitalize() if article[0].isupper() else wanted
