"""Contracted forms and their long ones."""

import functools
import re
from collections.abc import Mapping
from typing import ClassVar

from transforms.augmenters.base import Rate
from transforms.augmenters.batch import Sites, TextBatch
from transforms.augmenters.lookup import Lookup, match_phrases, merge, phrase_pattern, words

_NOT = words("is are was were do does did has have had could would should must might need")
_ALL = words("i you he she it we they who that there this what where")
_PLURAL = words("you we they who there what")
_HAVE = words("i you we they who")
_SINGULAR = words("he she it who that there this what where")
_WOULD = words("i you he she it we they who")

_PLAIN = {
    **{f"{verb}n't": f"{verb} not" for verb in _NOT},
    **{f"{who}'ll": f"{who} will" for who in _ALL},
    **{f"{who}'re": f"{who} are" for who in _PLURAL},
    **{f"{who}'ve": f"{who} have" for who in _HAVE},
    "can't": "cannot",
    "won't": "will not",
    "shan't": "shall not",
    "i'm": "i am",
    "let's": "let us",
}
_LOOSE = {"gonna": "going to", "wanna": "want to", "gotta": "got to", "y'all": "you all"}

# What follows tells "has" from "is" and "had" from "would".
_PARTICIPLE = re.compile(
    r"\s+(?:(?:not|never|always|already|just|ever|also|only|since)\s+)?"
    r"(?:been|got|had|gone|become|done|taken|seen|made|come|given|lost|found|grown|better)\b",
    re.IGNORECASE,
)
_WORD_FOLLOWS = re.compile(r"\s\w")


def _long(short: str, rest: str) -> str:
    short = short.lower().replace("’", "'")
    who, _, ending = short.partition("'")
    perfect = _PARTICIPLE.match(rest) is not None
    if ending == "s" and who in _SINGULAR:
        return f"{who} {'has' if perfect else 'is'}"
    if ending == "d" and who in _WOULD:
        return f"{who} {'had' if perfect else 'would'}"
    return _PLAIN.get(short) or _LOOSE[short]


@functools.cache
def _short_forms() -> Mapping[str, str]:
    short = {long: short for short, long in _PLAIN.items()}
    for who in _SINGULAR:
        short[f"{who} is"] = short[f"{who} has"] = f"{who}'s"
    for who in _WOULD:
        short[f"{who} would"] = short[f"{who} had"] = f"{who}'d"
    return short


def _short(long: str, rest: str) -> str | None:
    """None where English does not contract: "as he is.", "she has a car"."""
    parts = long.lower().split()
    if parts[-1] in ("has", "had", "have") and not _PARTICIPLE.match(rest):
        return None
    if parts[-1] not in ("not", "cannot") and not _WORD_FOLLOWS.match(rest):
        return None
    return _short_forms()[" ".join(parts)]


@functools.cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    ambiguous = [f"{who}'s" for who in _SINGULAR] + [f"{who}'d" for who in _WOULD]
    return phrase_pattern([*_PLAIN, *_LOOSE, *ambiguous]), phrase_pattern(list(_short_forms()))


class Contraction(Lookup):
    """Contracted forms are written out and long ones contracted: didn't, did not."""

    name: ClassVar[str] = "contraction"
    source: ClassVar[str] = "Ribeiro et al. 2020, Beyond Accuracy: CheckList"
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


class Expand(Contraction):
    """Contracted forms are written out: "didn't" becomes "did not"."""

    name: ClassVar[str] = "contraction.expand"
    contracts: ClassVar[bool] = False


class Contract(Contraction):
    """Long forms are contracted: "did not" becomes "didn't"."""

    name: ClassVar[str] = "contraction.contract"
    expands: ClassVar[bool] = False
