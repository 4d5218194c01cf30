"""The article that goes with a word: "a film", "an old film"."""

import functools
import re
from collections.abc import Sequence
from itertools import compress

import numpy as np

from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import EDGE, LETTER, SPACE

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


def mend(batch: TextBatch, sites: Sites, new: Sequence[str]) -> tuple[Sites, Sequence[str]]:
    """The changes, and those of "a" and "an" before words that were replaced."""
    before, which = _articles_before(batch, sites)
    if not len(which):
        return sites, new
    old = batch.strings(Sites(before.rows, sites.starts[which], sites.ends[which]))
    words = map(new.__getitem__, which.tolist())
    wanted = list(map(article_for, batch.strings(before), old, words))
    wrong = batch.allows(before) & np.array([article is not None for article in wanted], bool)
    if not wrong.any():
        return sites, new
    articles = before.where(wrong)
    places, everything = np.searchsorted(sites.starts, articles.starts), list(new)
    right = compress(wanted, wrong.tolist())
    for number, (place, article) in enumerate(zip(places.tolist(), right, strict=True)):
        everything.insert(place + number, article)
    columns = (
        np.insert(column, places, of_articles)
        for column, of_articles in zip(sites[:3], articles[:3], strict=True)
    )
    return Sites(*columns), everything


def _articles_before(batch: TextBatch, sites: Sites) -> tuple[Sites, np.ndarray]:
    """Whole articles, not changed themselves, one space before a site, and the site's number."""
    codes, starts = batch.codes, sites.starts
    spaced = (codes[starts - 1] == ord(" ")) & (sites.ends > starts)
    last = codes[starts - 2] | 32  # of two letters at most
    which = np.flatnonzero(spaced & ((last == ord("a")) | (last == ord("n"))))
    ends = starts[which] - 1
    firsts = ends - 1 - (codes[ends - 1] | 32 == ord("n"))
    alone = (np.append(0, sites.ends)[which] <= firsts) & (codes[firsts] | 32 == ord("a"))
    outside = batch.flags[firsts - 1]
    alone &= (outside & LETTER) == 0
    for place in np.flatnonzero(alone & ((outside & (SPACE | EDGE)) == 0)).tolist():
        mark = chr(codes[firsts[place] - 1])
        alone[place] = not (mark.isalnum() or mark in "_'’-")
    return Sites(sites.rows[which], firsts, ends).where(alone), which[alone]
