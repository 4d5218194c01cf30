"""Errors that learners of English make; each type with the corpora that name and count it.

Types after the CoNLL-2014 shared task (Ng et al. 2014) and its corpus of student essays, NUCLE
(Dahlmeier et al. 2013, "Building a Large Annotated Corpus of Learner English").
"""

import functools
import re
from typing import ClassVar

from mashbill.transforms.augmenters.base import Rate
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.lookup import (
    Lookup,
    WordCache,
    look_up,
    match_phrases,
    merge,
    phrase_pattern,
)
from mashbill.transforms.languages.en.spelling import regular_form
from mashbill.transforms.languages.en.verbs import verbs
from mashbill.transforms.languages.en.words import (
    DETERMINERS,
    FUNCTION_WORDS,
    PRONOUNS,
    words,
)

CONLL = "Ng et al. 2014, The CoNLL-2014 Shared Task"
_BEFORE, _AFTER = r"(?<![\w'’-])", r"(?![\w'’-])"


def _after(before: str, site: str = r"[^\W\d_]{2,30}") -> re.Pattern[str]:
    """The word `site` where it follows one of the words `before`."""
    listed = "|".join(sorted(before.split(), key=lambda word: -len(word)))
    pattern = rf"{_BEFORE}(?:{listed})[ ](?P<site>{site}){_AFTER}"
    return re.compile(pattern, re.IGNORECASE)


class GrammarError(Lookup):
    """Common to all: a share of the places where the error could be made."""

    languages: ClassVar[tuple[str, ...]] = ("en",)

    rate: Rate = 0.5


class Agreement(GrammarError):
    """The verb no longer agrees with its subject: "he go", "they was"."""

    name: ClassVar[str] = "grammar.agreement"
    source: ClassVar[str] = f"SVA in {CONLL}"

    def sites(self, batch: TextBatch) -> Sites:
        third, plain, be = _agreement_patterns()
        return merge(
            [
                match_phrases(batch, third, _without_s, "site"),
                match_phrases(batch, plain, _with_s, "site"),
                match_phrases(batch, be, lambda verb, _: _OTHER_NUMBER[verb.lower()]),
            ]
        )


_OTHER_NUMBER = {"is": "are", "are": "is", "was": "were", "were": "was", "has": "have",
                 "does": "do", "doesn't": "don't", "isn't": "aren't", "aren't": "isn't",
                 "wasn't": "weren't", "weren't": "wasn't", "hasn't": "haven't"}  # fmt: skip


@functools.cache
def _agreement_patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return _after("he she it"), _after("i you we they"), phrase_pattern(list(_OTHER_NUMBER))


def _without_s(word: str, _: str) -> str | None:
    verb = verbs().get(word.lower())
    return (
        verb.base if verb and verb.third == word.lower() and verb.base not in _AUXILIARY else None
    )


def _with_s(word: str, _: str) -> str | None:
    verb = verbs().get(word.lower())
    return verb.third if verb and verb.base == word.lower() and verb.base != "be" else None


_AUXILIARY = ("be", "have", "do")


class Article(GrammarError):
    """An article is dropped, wrong, or superfluous."""

    name: ClassVar[str] = "grammar.article"
    source: ClassVar[str] = f"ArtOrDet in {CONLL}"

    def sites(self, batch: TextBatch) -> Sites:
        article, bare = _article_patterns()
        return merge(
            [
                match_phrases(batch, article, _other_articles, "site"),
                match_phrases(batch, bare, _with_article, "site"),
            ]
        )

    def case(self, like: str, word: str) -> str:
        return word[0].upper() + word[1:] if like[0].isupper() and word else word


_ARTICLES = {"a": ("", "the ", "an "), "an": ("", "the ", "a "), "the": ("", "a ")}


@functools.cache
def _article_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """With an article that begins a sentence goes the letter that would begin it without."""
    plain = r"(?:an?|the)[ ](?=[^\W\d_]{2})"
    capital = r"(?-i:An?|The)[ ][^\W\d_](?=[^\W\d_])"
    article = re.compile(rf"{_BEFORE}(?P<site>{capital}|{plain})", re.IGNORECASE)
    return article, _after("of in with for about from by", r"[a-z]{3,30}")


def _other_articles(phrase: str, _: str) -> tuple[str, ...]:
    article, _, letter = phrase.partition(" ")
    return tuple(other + letter for other in _ARTICLES[article.lower()])


_NO_NOUNS = frozenset([*DETERMINERS, *PRONOUNS, *FUNCTION_WORDS])


def _with_article(word: str, _: str) -> str | None:
    """In front of a word after a preposition, which is mostly a noun or an adjective; no name."""
    if not word.islower() or word in _NO_NOUNS or word.endswith("ing"):
        return None
    return f"the {word}"


class Preposition(GrammarError):
    """A preposition becomes another that learners take for it, or is dropped."""

    name: ClassVar[str] = "grammar.preposition"
    source: ClassVar[str] = f"Prep in {CONLL}"

    def sites(self, batch: TextBatch) -> Sites:
        return match_phrases(batch, _preposition_pattern(), _other_prepositions, "site")


_CONFUSED = {
    "in": ("on", "at"), "on": ("in", "at"), "at": ("in", "on"), "for": ("to", "of"),
    "of": ("for", "from"), "from": ("of", "by"), "with": ("by", "to"), "by": ("with", "from"),
    "about": ("of", "on"), "into": ("in", "to"), "during": ("in", "while"),
    "since": ("for", "from"), "between": ("among",), "among": ("between",), "to": ("at", "for"),
}  # fmt: skip


def _other_prepositions(word: str, _: str) -> tuple[str, ...]:
    """With the space behind it, which goes as well where a sentence does not begin."""
    others = tuple(f"{other} " for other in _CONFUSED[word[:-1].lower()])
    return (*others, "") if word.islower() else others


@functools.cache
def _preposition_pattern() -> re.Pattern[str]:
    """Before a noun phrase; "to" only before a determiner, since a verb may follow it."""
    listed = "|".join(word for word in _CONFUSED if word != "to")
    determiner = "|".join(words("the a an my your his her its our their this that these those"))
    return re.compile(
        rf"{_BEFORE}(?P<site>(?:{listed})[ ](?=\w)|to[ ](?=(?:{determiner})\b))", re.IGNORECASE
    )


class VerbForm(GrammarError):
    """A verb after an auxiliary, or after "to", has the wrong form: "can goes", "have went"."""

    name: ClassVar[str] = "grammar.verb_form"
    source: ClassVar[str] = f"Vform in {CONLL}"

    def sites(self, batch: TextBatch) -> Sites:
        base, ing, participle = _verb_patterns()
        return merge(
            [
                match_phrases(batch, base, _not_base, "site"),
                match_phrases(batch, ing, _not_ing, "site"),
                match_phrases(batch, participle, _not_participle, "site"),
            ]
        )


@functools.cache
def _verb_patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    modals = "to can could may might must shall should will would do does did don't doesn't didn't"
    return (
        _after(f"{modals} can't couldn't won't wouldn't shouldn't cannot"),
        _after("am is are was were be been keep keeps kept enjoy enjoys enjoyed stop stopped"),
        _after("have has had haven't hasn't hadn't"),
    )


def _not_base(word: str, _: str) -> tuple[str, ...] | None:
    verb = verbs().get(word.lower())
    if not verb or verb.base != word.lower() or verb.base == "be":
        return None
    return _other(verb.base, verb.third, verb.ing, verb.past)


def _not_ing(word: str, _: str) -> tuple[str, ...] | None:
    verb = verbs().get(word.lower())
    return _other(verb.ing, verb.base) if verb and verb.ing == word.lower() else None


def _not_participle(word: str, _: str) -> tuple[str, ...] | None:
    verb = verbs().get(word.lower())
    if not verb or verb.participle != word.lower():
        return None
    return _other(verb.participle, verb.base, verb.past, verb.ing)


def _other(right: str, *wrong: str) -> tuple[str, ...]:
    return tuple(form for form in dict.fromkeys(wrong) if form != right)


class Number(GrammarError):
    """A noun has the wrong number, or a plural that it does not take: "these movie", "advices"."""

    name: ClassVar[str] = "grammar.number"
    source: ClassVar[str] = f"Nn in {CONLL}"

    def sites(self, batch: TextBatch) -> Sites:
        one, several, mass = _number_patterns()
        return merge(
            [
                match_phrases(batch, one, _plural, "site"),
                match_phrases(batch, several, _singular, "site"),
                match_phrases(batch, mass, lambda word, _: regular_form(word.lower(), "n", "s")),
            ]
        )


_MASS = words(
    "advice baggage behaviour behavior education entertainment equipment evidence feedback "
    "furniture homework information knowledge luggage research software traffic violence"
)


_NOUN_ENDS = r"[.;:!?\n]|[ ](?:of|in|is|was|with|that)\b"  # an adjective may stand before others


@functools.cache
def _number_patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return (
        _after(
            "a an this every each another",
            rf"[a-z]{{3,30}}(?={_NOUN_ENDS})",
        ),
        _after(
            "these those many several few two three four five both all some most", r"[a-z]{4,30}"
        ),
        phrase_pattern(_MASS),
    )


def _plural(noun: str, _: str) -> str | None:
    if not noun.islower() or noun in _NO_NOUNS or noun in _MASS:
        return None
    if noun.endswith(("s", "ly", "ing", "ed", "ful", "ous", "ive")):
        return None
    return regular_form(noun, "n", "s")


def _singular(noun: str, _: str) -> str | None:
    lowered = noun
    if not noun.islower() or not noun.endswith("s") or noun.endswith(("ss", "us", "is", "ous")):
        return None
    verb = verbs().get(noun)
    if noun in _NO_NOUNS or (verb and verb.third == noun):
        return None
    if lowered.endswith("ies") and len(lowered) > 5:
        return "movie" if lowered == "movies" else lowered[:-3] + "y"
    if lowered.endswith(("sses", "shes", "ches", "xes")):
        return lowered[:-2]
    return lowered[:-1]


class Homophone(GrammarError):
    """A word becomes another that sounds the same: their, there; its, it's."""

    name: ClassVar[str] = "grammar.homophone"
    source: ClassVar[str] = f"Mec (spelling) in {CONLL}; Bryant et al. 2017, ERRANT: SPELL"

    rate: Rate = 0.1

    def sites(self, batch: TextBatch) -> Sites:
        return look_up(batch, _HOMOPHONES)


_SETS = """
their there they're, its it's, your you're, to too, than then, whose who's, were we're where wear,
affect effect, accept except, lose loose, weather whether, hear here, peace piece, passed past,
principal principle, quiet quite, threw through, weak week, whole hole, new knew,
write right rite, buy by bye, brake break, plain plane, role roll, scene seen, sight site cite,
stationary stationery, tail tale, waste waist, which witch, allowed aloud, bare bear, pair pear,
board bored, wait weight, our are
"""


@functools.cache
def _sets() -> dict[str, tuple[str, ...]]:
    sets = [entry.split() for entry in _SETS.replace("\n", " ").split(",")]
    return {word: tuple(w for w in alike if w != word) for alike in sets for word in alike}


def _homophones_of(word: str) -> tuple[str, ...]:
    return _sets().get(word.lower().replace("’", "'"), ())


_HOMOPHONES = WordCache(_homophones_of)
