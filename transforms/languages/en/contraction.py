"""Contracted forms and their long ones."""

import functools
import re
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from mashbill.transforms.augmenters.base import Rate
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.lookup import Lookup, match_phrases, merge, phrase_pattern
from mashbill.transforms.languages.en.verbs import verbs
from mashbill.transforms.languages.en.words import words

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
# Heard but hardly written.
_SPOKEN = words("there're what're who're there'll that'll this'll what'll where'll who'll mightn't")
_LOOSE = {"gonna": "going to", "wanna": "want to", "gotta": "got to", "y'all": "you all"}

# What follows tells "has" from "is" and "had" from "would".
_NEXT_VERB = re.compile(
    r"\s+(?:(?:not|never|always|already|just|ever|also|only|since|really|long)\s+)?([a-z]+)\b",
    re.IGNORECASE,
)
_HAS = words("been got had become come grown")
_HAS_OR_IS = words("done taken seen made given lost found gone")
BEFORE = 10  # code points before a phrase that may keep it long
_FINITE = words("am is are was were has have had will would")
_NEXT_CLAUSE = frozenset(
    words("is are was were am has does did will would can could should must and or but because")
)
_WH = words("what where who")
_OBJECTS = frozenset(words("a an the no some any my his her their our its two three many much"))
_FIRST = re.compile(r"\s+([\w'’]+)")
_SUBJECT_AND_BASE = re.compile(r"\s+(?:i|you|he|she|it|we|they)\s+([a-z]+)\b", re.IGNORECASE)
_WORD_FOLLOWS = re.compile(r"\s\w")
_ASKS = re.compile(r"[^.!?\n]{0,200}\?")
_MID_CLAUSE = re.compile(r"\w $")
# Before a pronoun: a verb that its own follows ("could I have"), what stresses it ("than he is"),
# or what makes it no subject ("some of it is clever").
_KEEPS_LONG = re.compile(
    r"\b(?:can|could|would|should|might|must|will|may|had|has|have|do|does|did|is|are|was|were|am|"
    r"than|as|of|to|with|for|from|about|by) $",
    re.IGNORECASE,
)
_RELATIVE = words("what who that there where")


def _long(short: str, rest: str) -> str | None:
    """None where it may be one or the other: "it's made", "he'd come"."""
    short = short.lower().replace("’", "'")
    who, _, ending = short.partition("'")
    following = _next_verb(rest)
    if ending == "s" and who in _WH and _does(rest):
        return None  # "what's he do": does
    if ending == "s" and who in _SINGULAR:
        is_either = following in _HAS_OR_IS
        return None if is_either else f"{who} {'has' if following in _HAS else 'is'}"
    if ending == "d" and who in _WOULD:
        if following in ("become", "come", "run", "put", "let"):
            return None
        if _first_word(rest) in _OBJECTS:
            return f"{who} had"  # "he'd a lot of money"
        return f"{who} {'had' if following == 'better' or _is_participle(following) else 'would'}"
    return _PLAIN.get(short) or _LOOSE[short]


def _first_word(rest: str) -> str:
    match = _FIRST.match(rest)
    return match[1].lower() if match else ""


def _does(rest: str) -> bool:
    """Whether a subject and a verb in its base form follow, as they do behind "does"."""
    match = _SUBJECT_AND_BASE.match(rest)
    verb = verbs().get(match[1].lower()) if match else None
    return verb is not None and verb.base == match[1].lower()


def _next_verb(rest: str) -> str:
    """The word that follows, past an adverb; "" where there is none."""
    match = _NEXT_VERB.match(rest)
    return match[1].lower() if match else ""


def _is_participle(word: str) -> bool:
    """Whether it surely is one, and no base: "gone", not "come"."""
    verb = verbs().get(word)
    if verb:
        return verb.participle == word != verb.base
    return word.endswith("ed") and len(word) > 4 and word not in ("need", "indeed", "speed")


@functools.cache
def _short_forms() -> Mapping[str, str]:
    short = {long: short for short, long in _PLAIN.items() if short not in _SPOKEN}
    for who in set(_SINGULAR) - {"this"}:
        short[f"{who} is"] = short[f"{who} has"] = f"{who}'s"
    for who in _WOULD:
        short[f"{who} would"] = short[f"{who} had"] = f"{who}'d"
    return short


def _inverted(question: str, _: str) -> str:
    """ "Isn't it" in full: "is it not"."""
    short, _, who = question.partition(" ")
    verb = _PLAIN[short.lower().replace("’", "'")].removesuffix("not").rstrip()
    if who.lower() == "i" and verb == "are":  # "aren't" stands for the "amn't" that English lacks
        verb = "am"
    return f"{verb} {who} not"


def _short(long: str, rest: str) -> str | None:
    """None where English does not contract: "as he is.", "she has a car"."""
    parts = long.lower().split()
    following = _next_verb(rest)
    if parts[-1] in ("has", "had", "have") and not (
        _is_participle(following)
        or following in _HAS
        or (following == "better" and parts[-1] == "had")
    ):
        return None
    if parts[-1] not in ("not", "cannot") and not _WORD_FOLLOWS.match(rest):
        return None
    if parts[-1] in _FINITE and _first_word(rest) in _NEXT_CLAUSE:
        return None  # "what I am is mine", "he is and she was": the verb ends its clause
    return _short_forms()[" ".join(parts)]


@functools.cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    ambiguous = [f"{who}'s" for who in _SINGULAR] + [f"{who}'d" for who in _WOULD]
    return phrase_pattern([*_PLAIN, *_LOOSE, *ambiguous]), phrase_pattern(list(_short_forms()))


@functools.cache
def _question() -> re.Pattern[str]:
    """A contracted verb before its subject: first in its clause, or after a question word."""
    verbs = "|".join(short for short in _PLAIN if short.endswith("n't")).replace("'", "['’]")
    who = "|".join([*_ALL[:7], "there", "that", "this"])
    first = r"(?:(?<![\w'’-])(?<!\w )|(?<=why )|(?<=how ))"
    return re.compile(rf"{first}(?:{verbs}) (?:{who})(?![\w'’-])", re.IGNORECASE)


class Contraction(Lookup):
    """Contracted forms are written out and long ones contracted: didn't, did not."""

    name: ClassVar[str] = "contraction"
    languages: ClassVar[tuple[str, ...]] = ("en",)
    source: ClassVar[str] = "Ribeiro et al. 2020, Beyond Accuracy: CheckList"
    expands: ClassVar[bool] = True
    contracts: ClassVar[bool] = True

    rate: Rate = 0.5

    def sites(self, batch: TextBatch) -> Sites:
        to_long, to_short = _patterns()
        matched = []
        if self.expands:
            questions = match_phrases(batch, _question(), _inverted)
            plain = match_phrases(batch, to_long, _long)
            taken = np.isin(plain.starts, questions.starts)
            matched += [questions, plain.where(~taken & ~_in_question(batch, plain))]
        if self.contracts:
            short = match_phrases(batch, to_short, _short)
            matched.append(short.where(_may_begin(batch, short)))
        return merge(matched)

    def case(self, like: str, word: str) -> str:
        """As `like`; the pronoun of "Don't I" does not hide that its first word is capitalised."""
        cased = super().case(like, word)
        return cased[:1].upper() + cased[1:] if like[0].isupper() else cased


def _in_question(batch: TextBatch, sites: Sites) -> np.ndarray:
    """bool [n]: "not" whose subject may follow it; in full it would stand behind that."""
    return np.array(
        [
            option.endswith("not") and _ASKS.match(batch.joined, end) is not None
            for option, end in zip(sites.options, sites.ends.tolist(), strict=True)
        ],
        bool,
    )


def _may_begin(batch: TextBatch, sites: Sites) -> np.ndarray:
    """bool [n]: the words are a subject and its verb, and no "let us" inside of a clause."""
    return np.array(
        [
            _fits_behind(batch.joined[max(0, start - BEFORE) : start], option)
            for option, start in zip(sites.options, sites.starts.tolist(), strict=True)
        ],
        bool,
    )


def _fits_behind(before: str, short: str) -> bool:
    if short == "let's":
        return _MID_CLAUSE.search(before) is None
    who = short.partition("'")[0]
    has_subject = who in _ALL and who not in _RELATIVE
    return not has_subject or _KEEPS_LONG.search(before) is None


class Expand(Contraction):
    """Contracted forms are written out: "didn't" becomes "did not"."""

    name: ClassVar[str] = "contraction.expand"
    contracts: ClassVar[bool] = False


class Contract(Contraction):
    """Long forms are contracted: "did not" becomes "didn't"."""

    name: ClassVar[str] = "contraction.contract"
    expands: ClassVar[bool] = False
