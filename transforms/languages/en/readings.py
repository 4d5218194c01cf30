"""What a word may be, by WordNet and by the word before it: its part of speech and form."""

import functools
from typing import TYPE_CHECKING

import numpy as np

from mashbill.transforms.augmenters.characters import SPACE
from mashbill.transforms.augmenters.word_cache import WordCache
from mashbill.transforms.languages.base import Lexicon, Use
from mashbill.transforms.languages.en import wordnet
from mashbill.transforms.languages.en.inflection import Analysis, analyses
from mashbill.transforms.languages.en.verbs import verbs
from mashbill.transforms.languages.en.words import FUNCTION_WORDS

if TYPE_CHECKING:
    from mashbill.transforms.augmenters.batch import Sites, TextBatch

# What a word says of the one behind it: a factor for each part of speech, in which a verb counts
# by its form, as "v" (finite, or bare), "ing" or "participle".
_CONTEXTS = {
    "determiner": ({"v": 0.0, "ing": 0.5, "participle": 0.5, "r": 0.3},
                   "a an the these my your his her its our their no every each any some both "
                   "many few several another"),
    "to": ({"v": 6.0, "ing": 0.1, "participle": 0.1, "a": 0.3, "r": 0.3}, "to"),
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
    "noun": ({}, ""),
}  # fmt: skip
_LISTED = {word: name for name, (_, listed) in _CONTEXTS.items() for word in listed.split()}
SURE = 0.8  # share of a word's likelihood that one part of speech must have
ADJECTIVAL = 5.0  # a participle that WordNet lists as an adjective is mostly used as one
# One form of several that a verb has; nouns have two.
_SHARE_OF_FORM = {("v", ""): 0.5, ("v", "s"): 0.2, ("v", "ing"): 0.3, ("v", "ed"): 0.4,
                  ("v", "past"): 0.3, ("v", "participle"): 0.3, ("n", "s"): 0.5}  # fmt: skip
_KINDS = {"ing": ("ing",), "participle": ("participle",), "ed": ("v", "participle")}


class WordNetLexicon(Lexicon):
    """WordNet's files in a folder; they are read with the first word."""

    def __init__(self, folder: str):
        self.folder = folder

    def knows(self, word: str) -> bool:
        """Function words, too."""
        if word in FUNCTION_WORDS:
            return True
        return len(word) > 2 and any(analyses(wordnet.load(self.folder), word))

    def uses(self, batch: "TextBatch", sites: "Sites") -> list[Use]:
        words, near = batch.strings(batch.words), follows_closely(batch, batch.words)
        contexts = contexts_of(self.folder)
        uses = []
        for place in np.searchsorted(batch.words.starts, sites.starts).tolist():
            context = contexts[words[place - 1]] if near[place] else None
            kinds = _kinds_behind(self.folder, context)
            uses.append(Use(kinds[words[place].lower()], kinds))
        return uses


@functools.cache
def contexts_of(folder: str | None) -> WordCache:
    """What words, as they are spelled, say of the one behind them: a name of `_CONTEXTS`."""
    return WordCache(functools.partial(context_after, wordnet.load(folder)))


@functools.cache
def _kinds_behind(folder: str | None, context: str | None) -> WordCache:
    """Part of speech and form of lower-cased words behind such a context; None where in doubt."""
    return WordCache(functools.partial(_kind, wordnet.load(folder), context))


def _kind(source: wordnet.WordNet, context: str | None, word: str) -> tuple[str, str] | None:
    if word in FUNCTION_WORDS or len(word) < 3:
        return None
    readings = readings_of(source, word, context)
    if not readings:
        return None
    likelihood, analysis = max(readings)
    if likelihood < SURE * sum(reading[0] for reading in readings) or likelihood == 0:
        return None
    form = form_in(context, analysis)
    return None if form is None else (analysis.pos, form)


def context_after(source: wordnet.WordNet, spelled: str) -> str | None:
    """What a word says of the one behind it."""
    word = plain(spelled)
    if word in _LISTED:
        return _LISTED[word]
    if word.endswith(("'s", "s'")) and word not in ("what's", "there's", "who's", "here's"):
        return "determiner"
    if word in FUNCTION_WORDS or not word.isalpha():
        return None
    readings = [
        (likelihood, analysis.pos) for likelihood, analysis in readings_of(source, word, None)
    ]
    if not readings:
        return None
    likelihood, pos = max(readings)
    if likelihood < SURE * sum(reading[0] for reading in readings):
        return None
    return {"n": "noun", "a": "adjective", "r": "adverb"}.get(pos)


def readings_of(
    source: wordnet.WordNet, word: str, context: str | None
) -> list[tuple[float, Analysis]]:
    """What the word may be behind this context, and how likely it is."""
    factors = _CONTEXTS[context][0] if context else {}
    readings = []
    for analysis in analyses(source, word):
        frequency = source.frequency(analysis.lemma, analysis.pos)
        share = _SHARE_OF_FORM.get((analysis.pos, analysis.form), 1.0)
        kinds = _kinds(analysis)
        factor = max(factors.get(kind, 1.0) for kind in kinds)
        if analysis.pos == "a" and word.endswith(("ing", "ed")):
            factor *= ADJECTIVAL
        readings.append((frequency * share * factor, analysis))
    return readings


def _kinds(analysis: Analysis) -> tuple[str, ...]:
    """What the factors of `_CONTEXTS` know the reading by."""
    if analysis.pos != "v":
        return (analysis.pos,)
    verb = verbs().get(analysis.lemma)
    if analysis.form == "" and verb and verb.participle == analysis.lemma:
        return ("v", "participle")
    return _KINDS.get(analysis.form, ("v",))


def form_in(context: str | None, analysis: Analysis) -> str | None:
    """Whether an "-ed" is the past tense or the participle; "put" may be either, or the base."""
    verb = verbs().get(analysis.lemma) if analysis.pos == "v" else None
    if analysis.form == "" and verb and analysis.lemma in (verb.past, verb.participle):
        if context in ("be", "have"):
            return "participle"
        return "" if context in ("to", "modal") or analysis.lemma != verb.past else None
    if analysis.form != "ed":
        return analysis.form
    if context in (None, "noun", "pronoun", "adverb"):
        return "past"
    return "participle" if context in ("be", "have") else None


def follows_closely(batch: "TextBatch", words: "Sites") -> np.ndarray:
    """bool [n]: nothing but one space stands between the word and the one before it."""
    near = np.zeros(len(words.rows), bool)
    before = words.ends[:-1]
    near[1:] = (words.starts[1:] - before == 1) & (words.rows[1:] == words.rows[:-1])
    near[1:] &= (batch.flags[before] & SPACE) != 0
    return near


def plain(word: str) -> str:
    """In lower case, with a straight apostrophe."""
    return word.lower().replace("’", "'")
