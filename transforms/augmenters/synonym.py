"""Words are replaced by others that mean the same."""

import functools
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from transforms.augmenters import wordnet
from transforms.augmenters.base import TokenAugmenter
from transforms.augmenters.batch import Sites, TextBatch
from transforms.augmenters.inflection import Analysis, analyses, inflect
from transforms.augmenters.lookup import WordCache, words
from transforms.augmenters.tokens import match_case

# Words of the closed classes; WordNet knows many of them as something else (he: helium).
FUNCTION_WORDS = frozenset(
    words(
        "a about above after again against all also am an and any are aren't as at away back be "
        "because been before being below between both but by can can't could did do does doing "
        "don't down during each either else enough even ever every few for from further get gets "
        "getting got had has have having he her here hers herself him himself his how however i if "
        "in instead into is it its itself just least less let like lot many may me might mine more "
        "most much must my myself neither never no nor not now of off on once one ones only onto "
        "or other others ought our ours ourselves out over own per quite rather same shall she "
        "should since so some such than that the their theirs them themselves then there these "
        "they this those though through thus to too toward towards under until up upon us very was "
        "we were what when where whether which while who whom whose why will with within without "
        "would yet you your yours yourself yourselves "
        "two three four five six seven eight nine ten eleven twelve hundred thousand million first"
    )
)

# What a word before it says of a word's part of speech: a factor for each.
_CONTEXTS = {
    "determiner": ({"v": 0.01, "r": 0.3},
                   "a an the this that these those my your his her its our their no every each any "
                   "some both"),
    "to": ({"v": 20.0, "a": 0.3, "r": 0.3}, "to"),
    "modal": ({"v": 50.0, "n": 0.02, "a": 0.02},
              "will would can could may might must shall should don't doesn't didn't can't cannot "
              "couldn't wouldn't won't shouldn't do does did let's"),
    "pronoun": ({"v": 20.0, "n": 0.05, "a": 0.1}, "i you he she it we they who"),
    "be": ({"a": 4.0, "n": 0.3, "v": 0.5}, "is are was were be been being am isn't aren't wasn't"),
    "have": ({"v": 2.0}, "have has had haven't hasn't hadn't having"),
    "preposition": ({"v": 0.3, "r": 0.3}, "of in on at by for with from about into"),
    "degree": ({"a": 5.0, "r": 3.0, "v": 0.2, "n": 0.1}, "very so too quite rather more most"),
}  # fmt: skip


@functools.cache
def _context_of() -> dict[str, str]:
    return {
        spelling: context
        for context, (_, listed) in _CONTEXTS.items()
        for word in listed.split()
        for spelling in (word, word.capitalize(), word.upper(), word.replace("'", "’"))
    }


class Options(NamedTuple):
    """Words to draw from, with the running sum of their weights."""

    words: tuple[str, ...]
    sums: tuple[float, ...]

    def draw(self, uniform: float) -> str:
        return self.words[bisect(self.sums, uniform * self.sums[-1], hi=len(self.sums) - 1)]


class WordNetSynonym(TokenAugmenter):
    """Words become synonyms of the same part of speech, in the same inflected form.

    The part of speech is the one the word has most often, weighed with the word before it; its
    senses are drawn in proportion to their frequency in WordNet's tagged texts.
    """

    name: ClassVar[str] = "synonym.wordnet"
    source: ClassVar[str] = "Miller 1995, WordNet; Wei & Zou 2019, EDA"
    mends_articles: ClassVar[bool] = True

    wordnet: str | None = Field(None, description="folder of WordNet's files; else the installed")

    def sites(self, batch: TextBatch) -> Sites:
        context_of, cache = _context_of(), _options(self.wordnet)
        spelled = batch.strings(batch.words)
        contexts = [None, *map(context_of.get, spelled[:-1])]
        free = batch.free_words
        places = np.searchsorted(batch.words.starts, free.starts).tolist()
        options = [cache[contexts[place], spelled[place]] for place in places]
        known = [place for place, option in enumerate(options) if option]
        return free._replace(options=options).take(np.array(known, np.int64))

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} option").tolist()
        return [
            match_case(like, options.draw(draw))
            for like, options, draw in zip(batch.strings(sites), sites.options, draws, strict=True)
        ]


@functools.cache
def _options(folder: str | None) -> WordCache:
    return WordCache(functools.partial(_find, wordnet.load(folder)))


def _find(source: wordnet.WordNet, key: tuple[str | None, str]) -> Options | None:
    context, spelled = key
    word = spelled.lower().replace("’", "'")
    if word in FUNCTION_WORDS or len(word) < 2 or not word[0].isalpha():
        return None
    factors = _CONTEXTS[context][0] if context else {}
    candidates = []
    for analysis in analyses(source, word):
        frequency, synonyms = source.synonyms(analysis.lemma, analysis.pos)
        candidates.append((frequency * factors.get(analysis.pos, 1.0), analysis, synonyms))
    if not candidates:
        return None
    _, analysis, synonyms = max(candidates, key=lambda candidate: candidate[0])
    form = _form_in(context, analysis)
    weights: dict[str, float] = {}
    for lemma, weight in synonyms:
        if analysis.pos == "v" and " " in lemma:  # its particle may stand in the text already
            continue
        inflected = inflect(source, lemma, analysis.pos, form)
        if inflected and inflected != word:
            weights[inflected] = weights.get(inflected, 0.0) + weight
    if not weights:
        return None
    return Options(tuple(weights), tuple(accumulate(weights.values())))


def _form_in(context: str | None, analysis: Analysis) -> str:
    """Whether an "-ed" is the past tense or the participle."""
    if analysis.form != "ed":
        return analysis.form
    return "participle" if context in ("be", "have") else "past"
