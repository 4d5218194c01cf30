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
apt.: apartment | ave.: avenue | bff: best friend | bldg.: (building) | btw: by the way
brb: be right back | capt.: captain | co.: (company) | corp.: corporation | cu: (see you)
dept.: department | diy: do it yourself | dr.: doctor | e.g.: for example | est.: (established)
eta: estimated time of arrival | etc.: and so on | faq: frequently asked questions
feb.: february | fwiw: for what it's worth | fyi: for your information | gov.: governor
govt.: government | idk: i don't know | i.e.: that is to say | imho: in my humble opinion
imo: in my opinion | inc.: incorporated | info: information | irl: in real life
jan.: january | jr.: (junior) | lol: laughing out loud | lt.: lieutenant
misc.: miscellaneous | mr.: mister | mt.: (mount) | nov.: november | np: no problem
nyc: new york city | oct.: october | omg: oh my god | p.s.: postscript
pics: pictures | pls: please | prof.: professor | rofl: rolling on the floor laughing
sci-fi: science fiction | sept.: september | sgt.: sergeant | sr.: (senior) | tba: to be announced
tbd: to be determined | tbh: to be honest | thx: thanks | tv: television | ttyl: talk to you later
vs.: versus | w/: (with) | w/o: (without) | bc: (because) | u: (you) | ur: (your) | ppl: (people)
"""

# Their full stop may be the sentence's as well.
_MAY_END = ("co.", "corp.", "etc.", "inc.", "jr.", "misc.", "sr.")
_SENTENCE_ENDS = re.compile(r"\s*$|\s+[A-Z]")


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


def _long(short: str, rest: str) -> str | None:
    """None for capitals that are more likely a name: "Ur", "300 BC"."""
    longer, shorter = _tables()
    long = longer[short.lower()]
    if long not in shorter and short[-1] != "." and not short.islower():
        return None
    ends = short.lower() in _MAY_END and _SENTENCE_ENDS.match(rest)
    return f"{long}." if ends else long


def _short(long: str, rest: str) -> str:
    short = _tables()[1][long.lower().replace("’", "'")]
    return short.removesuffix(".") if rest.startswith(".") else short


class Abbreviation(Lookup):
    """Abbreviations are written out, and long forms abbreviated."""

    name: ClassVar[str] = "abbreviation"
    source: ClassVar[str] = "Dhole et al. 2021, NL-Augmenter"
    expands: ClassVar[bool] = True
    contracts: ClassVar[bool] = True

    rate: Rate = 0.5

    def sites(self, batch: TextBatch) -> Sites:
        to_long, to_short = _patterns()
        found = []
        if self.expands:
            found.append(match_phrases(batch, to_long, _long))
        if self.contracts:
            found.append(match_phrases(batch, to_short, _short))
        return merge(found)

    def case(self, like: str, word: str) -> str:
        """An acronym in capitals says nothing about the casing of its words."""
        return word if like.isupper() and len(word) > len(like) else super().case(like, word)


class Expand(Abbreviation):
    """Abbreviations are written out: "btw" becomes "by the way"."""

    name: ClassVar[str] = "abbreviation.expand"
    contracts: ClassVar[bool] = False


class Contract(Abbreviation):
    """Long forms are abbreviated: "as soon as possible" becomes "asap"."""

    name: ClassVar[str] = "abbreviation.contract"
    expands: ClassVar[bool] = False
