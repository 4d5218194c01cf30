"""Words are replaced by others that mean the same."""

import functools
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from mashbill.transforms.augmenters import wordnet
from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import SPACE
from mashbill.transforms.augmenters.lookup import WordCache
from mashbill.transforms.augmenters.tokens import match_case
from mashbill.transforms.languages.en.inflection import Analysis, analyses, inflect
from mashbill.transforms.languages.en.verbs import verbs
from mashbill.transforms.languages.en.words import FUNCTION_WORDS

# What a word says of the one behind it: a factor for each part of speech, in which a verb counts
# by its form, as "v" (finite, or bare), "ing" or "participle".
_CONTEXTS = {
    "determiner": ({"v": 0.0, "ing": 0.5, "participle": 0.5, "r": 0.3},
                   "a an the these my your his her its our their no every each any some both "
                   "many few several another"),
    "to": ({"v": 20.0, "ing": 0.1, "participle": 0.1, "a": 0.3, "r": 0.3}, "to"),
    "modal": ({"v": 50.0, "ing": 0.0, "participle": 0.0, "n": 0.02, "a": 0.02},
              "will would can could may might must shall should don't doesn't didn't can't cannot "
              "couldn't wouldn't won't shouldn't do does did let's"),
    "pronoun": ({"v": 20.0, "n": 0.05, "a": 0.1}, "i you he she it we they who"),
    "be": ({"a": 4.0, "n": 0.3, "v": 0.0, "ing": 0.5}, "is are was were be been being am isn't "
           "aren't wasn't weren't it's that's he's she's they're you're i'm we're"),
    "have": ({"v": 0.1, "participle": 5.0}, "have has had haven't hasn't hadn't having"),
    "preposition": ({"v": 0.0, "r": 0.3}, "of in on at by for with from about into without"),
    "degree": ({"a": 5.0, "r": 3.0, "v": 0.0, "ing": 0.1, "participle": 0.1, "n": 0.1},
               "very so too quite rather more most extremely highly really as how"),
    "adjective": ({"n": 3.0, "v": 0.05, "ing": 0.2, "participle": 0.1, "r": 0.1}, ""),
    "adverb": ({"n": 0.1, "a": 2.0}, ""),
}  # fmt: skip
_LISTED = {word: name for name, (_, listed) in _CONTEXTS.items() for word in listed.split()}
SURE = 0.75  # share of a word's likelihood that one part of speech must have
ADJECTIVAL = 5.0  # a participle that WordNet lists as an adjective is mostly used as one
# One form of several that a verb has; nouns have two.
_SHARE_OF_FORM = {("v", ""): 0.5, ("v", "s"): 0.2, ("v", "ing"): 0.3, ("v", "ed"): 0.4,
                  ("v", "past"): 0.3, ("v", "participle"): 0.3, ("n", "s"): 0.5}  # fmt: skip


class Options(NamedTuple):
    """Words to draw from, with the running sum of their weights."""

    words: tuple[str, ...]
    sums: tuple[float, ...]

    def draw(self, uniform: float) -> str:
        return self.words[bisect(self.sums, uniform * self.sums[-1], hi=len(self.sums) - 1)]


class WordNetSynonym(TokenAugmenter):
    """Words become synonyms of the same part of speech, in the same inflected form.

    The part of speech is the one the word has most often, weighed with the word before it; its
    senses are drawn in proportion to their frequency in WordNet's tagged texts. Words stay whose
    part of speech is in doubt, that have no synonym in most of what they mean, that are names, or
    that WordNet knows as one expression with their neighbour ("special effects").
    """

    name: ClassVar[str] = "synonym.wordnet"
    source: ClassVar[str] = "Miller 1995, WordNet; Wei & Zou 2019, EDA"
    mends: ClassVar[bool] = True
    languages: ClassVar[tuple[str, ...]] = ("en",)

    rate: Rate = 0.3

    wordnet: str | None = Field(None, description="folder of WordNet's files; else the installed")

    def sites(self, batch: TextBatch) -> Sites:
        entries, contexts, seconds = _Known.of(self.wordnet)
        words, free = batch.words, batch.free_words
        spelled = batch.strings(words)
        near = [*follows_closely(batch, words).tolist(), False]
        places = np.searchsorted(words.starts, free.starts).tolist()
        found = list(map(entries.__getitem__, map(spelled.__getitem__, places)))
        kept, options = [], []
        for number in [number for number, word in enumerate(found) if word is not None]:
            place = places[number]
            word = spelled[place]
            context = None
            if near[place]:
                before = spelled[place - 1]
                if word in seconds[before]:
                    continue
                context = contexts[before]
            by_context, followers = found[number]
            option = by_context[context]
            if option is None or (near[place + 1] and spelled[place + 1] in followers):
                continue
            if word[0].isupper() and self.language.is_name(batch, words, spelled, place):
                continue
            kept.append(number)
            options.append(option)
        return free.take(np.array(kept, np.int64))._replace(options=options)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} option").tolist()
        return [
            match_case(like, options.draw(draw))
            for like, options, draw in zip(batch.strings(sites), sites.options, draws, strict=True)
        ]


class _Word(NamedTuple):
    """The synonyms of a word by context, and the words behind it that make it an expression."""

    options: WordCache
    seconds: frozenset[str]


class _Known(NamedTuple):
    """What was found so far in one WordNet, by the word as it is spelled.

    Attributes:
        words: a `_Word`, or None.
        contexts: name of the context that the word makes for the next.
        seconds: the words behind it with which it is one expression.
    """

    words: WordCache
    contexts: WordCache
    seconds: WordCache

    @staticmethod
    @functools.cache
    def of(folder: str | None) -> "_Known":
        source = wordnet.load(folder)
        finders = (_word, _context, _seconds)
        return _Known(*(WordCache(functools.partial(find, source)) for find in finders))


def follows_closely(batch: TextBatch, words: Sites) -> np.ndarray:
    """bool [n]: nothing but one space stands between the word and the one before it."""
    near = np.zeros(len(words.rows), bool)
    before = words.ends[:-1]
    near[1:] = (words.starts[1:] - before == 1) & (words.rows[1:] == words.rows[:-1])
    near[1:] &= (batch.flags[before] & SPACE) != 0
    return near


def _plain(word: str) -> str:
    return word.lower().replace("’", "'")


def _word(source: wordnet.WordNet, spelled: str) -> _Word | None:
    word = _plain(spelled)
    if word in FUNCTION_WORDS or len(word) < 2 or not word[0].isalpha():
        return None
    if not any(source.synonyms(found.lemma, found.pos)[1] for found in analyses(source, word)):
        return None
    options = WordCache(functools.partial(_options, source, word))
    return _Word(options, _seconds(source, spelled))


def _options(source: wordnet.WordNet, word: str, context: str | None) -> Options | None:
    readings = _readings(source, word, context)
    if not readings:
        return None
    likelihood, analysis, synonyms = max(readings, key=lambda reading: reading[0])
    covered = sum(weight for _, weight in synonyms)
    if likelihood < SURE * sum(reading[0] for reading in readings):
        return None
    if covered < 0.5 * source.frequency(analysis.lemma, analysis.pos):
        return None
    form = _form_in(context, analysis)
    if form is None:
        return None
    weights: dict[str, float] = {}
    for lemma, weight in synonyms:
        if " " in lemma and (analysis.pos in "va" or word in lemma.split()):
            continue  # the particle of a verb may stand in the text already
        if len(lemma) < 4 and analysis.lemma.startswith(lemma):
            continue  # "min" for "minute"
        inflected = inflect(source, lemma, analysis.pos, form)
        if inflected and inflected != word and not _is_form_of(source, lemma, analysis):
            weights[inflected] = weights.get(inflected, 0.0) + weight
    if not weights:
        return None
    return Options(tuple(weights), tuple(accumulate(weights.values())))


def _readings(
    source: wordnet.WordNet, word: str, context: str | None
) -> list[tuple[float, Analysis, list[wordnet.Synonym]]]:
    """What the word may be behind this context, how likely it is, and its synonyms then."""
    factors = _CONTEXTS[context][0] if context else {}
    readings = []
    for analysis in analyses(source, word):
        frequency, synonyms = source.synonyms(analysis.lemma, analysis.pos)
        share = _SHARE_OF_FORM.get((analysis.pos, analysis.form), 1.0)
        kinds = _kinds(analysis)
        factor = max(factors.get(kind, 1.0) for kind in kinds)
        if analysis.pos == "a" and word.endswith(("ing", "ed")):
            factor *= ADJECTIVAL
        readings.append((frequency * share * factor, analysis, synonyms))
    return readings


def _kinds(analysis: Analysis) -> tuple[str, ...]:
    """What the factors of `_CONTEXTS` know the reading by."""
    if analysis.pos != "v":
        return (analysis.pos,)
    verb = verbs().get(analysis.lemma)
    if analysis.form == "" and verb and verb.participle == analysis.lemma:
        return ("v", "participle")
    return _KINDS.get(analysis.form, ("v",))


_KINDS = {"ing": ("ing",), "participle": ("participle",), "ed": ("v", "participle")}


def _form_in(context: str | None, analysis: Analysis) -> str | None:
    """Whether an "-ed" is the past tense or the participle; "put" may be either, or the base."""
    verb = verbs().get(analysis.lemma) if analysis.pos == "v" else None
    if analysis.form == "" and verb and analysis.lemma in (verb.past, verb.participle):
        if context in ("be", "have"):
            return "participle"
        return "" if context in ("to", "modal") or analysis.lemma != verb.past else None
    if analysis.form != "ed":
        return analysis.form
    is_past = context in (None, "pronoun", "adverb")
    return "past" if is_past else "participle"


def _is_form_of(source: wordnet.WordNet, synonym: str, analysis: Analysis) -> bool:
    """ "Older" is given as a synonym of "old"."""
    return any(found.lemma == analysis.lemma for found in analyses(source, synonym))


def _context(source: wordnet.WordNet, spelled: str) -> str | None:
    word = _plain(spelled)
    if word in _LISTED:
        return _LISTED[word]
    if word.endswith(("'s", "s'")) and word not in ("what's", "there's", "who's", "here's"):
        return "determiner"
    if word in FUNCTION_WORDS or not word.isalpha():
        return None
    readings = [(likelihood, found.pos) for likelihood, found, _ in _readings(source, word, None)]
    if not readings:
        return None
    likelihood, pos = max(readings)
    if likelihood < SURE * sum(reading[0] for reading in readings):
        return None
    return {"a": "adjective", "r": "adverb"}.get(pos)


def _seconds(source: wordnet.WordNet, spelled: str) -> frozenset[str]:
    word = _plain(spelled)
    if not word.isalpha():
        return frozenset()
    lemmas = {word, *(found.lemma for found in analyses(source, word))}
    return frozenset().union(*(source.expressions.get(lemma, ()) for lemma in lemmas))
