"""Abbreviations and what they stand for."""

import functools
import re
from collections.abc import Mapping
from typing import ClassVar

from transforms.augmenters.base import Rate
from transforms.augmenters.batch import Sites, TextBatch
from transforms.augmenters.lookup import Lookup, match_phrases, merge, phrase_pattern

# Both ways, unless the long form is too plain to be shortened at every turn (in brackets).
_TABLE = """
asap: as soon as possible | aka: also known as | afaik: as far as i know | approx.: approximately
apt.: apartment | ave.: avenue | bff: best friend | bldg.: building | btw: by the way
brb: be right back | capt.: captain | co.: company | corp.: corporation | cu: see you
dept.: department | diy: do it yourself | dr.: doctor | e.g.: for example | est.: established
eta: estimated time of arrival | etc.: and so on | faq: frequently asked questions
feb.: february | fwiw: for what it's worth | fyi: for your information | gov.: governor
govt.: government | idk: i don't know | i.e.: that is to say | imho: in my humble opinion
imo: in my opinion | inc.: incorporated | info: information | irl: in real life
jan.: january | jr.: junior | lol: laughing out loud | lt.: lieutenant | max.: maximum
min.: minimum | misc.: miscellaneous | mr.: mister | mt.: mount | nov.: november
np: no problem | nyc: new york city | oct.: october | omg: oh my god | p.s.: postscript
pics: pictures | pls: please | prof.: professor | rofl: rolling on the floor laughing
sci-fi: science fiction | sept.: september | sgt.: sergeant | sr.: senior | tba: to be announced
tbd: to be determined | tbh: to be honest | thx: thanks | tv: television | ttyl: talk to you later
vs.: versus | w/: (with) | w/o: (without) | bc: (because) | u: (you) | ur: (your) | ppl: (people)
"""


@functools.cache
def _tables() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Long form by short form, short form by long form."""
    pairs = [
        entry.split(": ") for line in _TABLE.strip().splitlines() for entry in line.split(" | ")
    ]
    longer = {short: long.strip("()") for short, long in pairs}
    return longer, {long: short for short, long in pairs if not long.startswith("(")}


@functools.cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    longer, shorter = _tables()
    return phrase_pattern(list(longer)), phrase_pattern(list(shorter))


class Abbreviation(Lookup):
    """Abbreviations are written out, and long forms abbreviated."""

    name: ClassVar[str] = "abbreviation"
    source: ClassVar[str] = "Dhole et al. 2021, NL-Augmenter"
    expands: ClassVar[bool] = True
    contracts: ClassVar[bool] = True

    rate: Rate = 0.5

    def sites(self, batch: TextBatch) -> Sites:
        longer, shorter = _tables()
        to_long, to_short = _patterns()
        found = []
        if self.expands:
            found.append(match_phrases(batch, to_long, lambda short, _: longer[short.lower()]))
        if self.contracts:
            found.append(match_phrases(batch, to_short, lambda long, _: shorter[_plain(long)]))
        return merge(found)

    def case(self, like: str, word: str) -> str:
        """An acronym in capitals says nothing about the casing of its words."""
        return word if like.isupper() and len(word) > len(like) else super().case(like, word)


def _plain(phrase: str) -> str:
    return phrase.lower().replace("’", "'")


class Expand(Abbreviation):
    """Abbreviations are written out: "btw" becomes "by the way"."""

    name: ClassVar[str] = "abbreviation.expand"
    contracts: ClassVar[bool] = False


class Contract(Abbreviation):
    """Long forms are abbreviated: "as soon as possible" becomes "asap"."""

    name: ClassVar[str] = "abbreviation.contract"
    expands: ClassVar[bool] = False
