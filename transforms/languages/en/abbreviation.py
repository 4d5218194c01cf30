"""Abbreviations and what they stand for."""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from mashbill.transforms.augmenters.base import Rate
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.lookup import Lookup, match_phrases, merge, phrase_pattern

# Both ways, unless the long form is too plain to be shortened at every turn (in brackets).
_TABLE = """
asap: as soon as possible | aka: also known as | afaik: as far as I know | approx.: approximately
apt.: apartment | ave.: avenue | bff: best friend | bldg.: (building) | btw: by the way
brb: be right back | capt.: captain | co.: (company) | corp.: corporation | cu: (see you)
dept.: department | DIY: do it yourself | dr.: doctor | e.g.: for example | est.: (established)
ETA: estimated time of arrival | etc.: and so on | FAQ: frequently asked questions
Feb.: February | fwiw: for what it's worth | fyi: for your information | gov.: governor
govt.: government | idk: I don't know | i.e.: that is to say | imho: in my humble opinion
imo: in my opinion | inc.: incorporated | info: information | irl: in real life
Jan.: January | jr.: (junior) | lol: laughing out loud | lt.: lieutenant
misc.: miscellaneous | mr.: mister | mt.: (mount) | Nov.: November | np: no problem
NYC: New York City | Oct.: October | omg: oh my god | p.s.: postscript
pics: pictures | pls: (please) | prof.: professor | rofl: rolling on the floor laughing
sci-fi: science fiction | Sept.: September | sgt.: sergeant | sr.: (senior) | TBA: to be announced
TBD: to be determined | tbh: to be honest | thx: thanks | TV: television | ttyl: talk to you later
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
    longer = {short.lower(): long.strip("()") for short, long in pairs}
    return longer, {long.lower(): short for short, long in pairs if not long.startswith("(")}


@functools.cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    longer, shorter = _tables()
    return phrase_pattern(list(longer)), phrase_pattern(list(shorter))


def _long(short: str, rest: str) -> str | None:
    """None for capitals that are more likely a name: "Ur", "300 BC"."""
    longer, shorter = _tables()
    long = longer[short.lower()]
    if long.lower() not in shorter and short[-1] != "." and not short.islower():
        return None
    ends = short.lower() in _MAY_END and _SENTENCE_ENDS.match(rest)
    return f"{long}." if ends else long


def _short(long: str, rest: str) -> str | None:
    """None for "thanks to", which says why."""
    if long.lower() == "thanks" and rest.lower().startswith(" to "):
        return None
    short = _tables()[1][long.lower().replace("’", "'")]
    return short.removesuffix(".") if rest.startswith(".") else short


class Abbreviation(Lookup):
    """Abbreviations are written out, and long forms abbreviated."""

    name: ClassVar[str] = "abbreviation"
    languages: ClassVar[tuple[str, ...]] = ("en",)
    source: ClassVar[str] = "Dhole et al. 2021, NL-Augmenter"
    expands: ClassVar[bool] = True
    contracts: ClassVar[bool] = True
    replaces: ClassVar[tuple[str, ...]] = ("dotted",)  # "e.g.", never a part of "U.S."

    rate: Rate = 0.5

    def sites(self, batch: TextBatch) -> Sites:
        to_long, to_short = _patterns()
        matched = []
        if self.expands:
            matched.append(match_phrases(batch, to_long, _long))
        if self.contracts:
            matched.append(match_phrases(batch, to_short, _short))
        return merge(matched)

    def case(self, like: str, word: str) -> str:
        """An acronym in capitals says nothing about the casing of its words."""
        return word if like.isupper() and len(word) > len(like) else super().case(like, word)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        texts = super().replacements(batch, sites)
        places = zip(sites.rows.tolist(), sites.starts.tolist(), texts, strict=True)
        return [
            new[0].upper() + new[1:]
            if batch.joined[start].isupper() and self.language.begins_sentence(batch, row, start)
            else new
            for row, start, new in places
        ]


class Expand(Abbreviation):
    """Abbreviations are written out: "btw" becomes "by the way"."""

    name: ClassVar[str] = "abbreviation.expand"
    contracts: ClassVar[bool] = False


class Contract(Abbreviation):
    """Long forms are abbreviated: "as soon as possible" becomes "asap"."""

    name: ClassVar[str] = "abbreviation.contract"
    expands: ClassVar[bool] = False
