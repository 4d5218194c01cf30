"""Words are replaced by others that mean the same."""

import functools
from bisect import bisect
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from math import exp
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, PrivateAttr

from mashbill.models.references import ModelRef
from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.tokens import match_case
from mashbill.transforms.augmenters.word_cache import WordCache
from mashbill.transforms.languages.en import wordnet
from mashbill.transforms.languages.en.inflection import Analysis, analyses, inflect
from mashbill.transforms.languages.en.readings import (
    SURE,
    contexts_of,
    follows_closely,
    form_in,
    plain,
    readings_of,
)
from mashbill.transforms.languages.en.words import DETERMINERS, FUNCTION_WORDS, words

if TYPE_CHECKING:
    from mashbill.models.encoder import Encoder


# By reading: docs/measured/augmenters.md says what they let through.
COVERS = 0.7  # share of what a word means that a synonym must mean, too
COVERS_BY_RANK = 0.8  # the same for a word that WordNet's tagged texts hardly use
COVERS_OF_OWN = 0.55  # the same for a synonym with hardly another meaning
HARDLY_ANOTHER = 0.9  # share of a synonym's uses
OWN = 0.45  # share of the synonym's own uses that have this meaning
USES = 2  # of the synonym with this meaning in the tagged texts
USES_OF_PHRASE = 5  # of one of two words
RATE = 0.04  # its uses over those of the word: rarer ones are of another style
NEAR_IN_CONTEXT = 0.97  # cosine of the words around a place with either word there
REACH = 8  # words on either side that an encoder sees
SHARPNESS = 20.0  # a synonym that is nearer by 0.05 weighs e times as much
# They say little by themselves, and stand in more phrases than WordNet lists.
_LIGHT = frozenset(
    words(
        "say see know mean want go get make take come put think look give keep let remain hold "
        "little big large next last full entire whole goodness"
    )
)
_WITHOUT_PLURAL = frozenset(
    words(
        "advice bravery conduct courage equipment fun furniture humor information knowledge "
        "laughter luck money music nonsense stuff violence vitality warfare wisdom"
    )
)
# What may follow a verb that is replaced: "try hard", "turn out" and "keep laughing" stay.
_AFTER_VERBS = (FUNCTION_WORDS | frozenset(DETERMINERS)) - frozenset(
    words(
        "up down out off over away on back along around through in into about forward at for by "
        "further together like enough very well most more once here there"
    )
)
# Behind these, a noun without a determiner is most often part of a phrase: "at heart", "in mind".
_PHRASAL = frozenset(words("at by in on under out for"))


class Options(NamedTuple):
    """Words to draw from, with the running sum of their weights, and their part of speech."""

    words: tuple[str, ...]
    sums: tuple[float, ...]
    pos: str

    @classmethod
    def of(cls, weights: Mapping[str, float], pos: str) -> "Options":
        return cls(tuple(weights), tuple(accumulate(weights.values())), pos)

    @property
    def weights(self) -> list[float]:
        return [b - a for a, b in pairwise((0.0, *self.sums))]

    def draw(self, uniform: float) -> str:
        return self.words[bisect(self.sums, uniform * self.sums[-1], hi=len(self.sums) - 1)]


class WordNetSynonym(TokenAugmenter):
    """Words become synonyms of the same part of speech, in the same inflected form.

    The part of speech is the one the word has most often, weighed with the word before it. A
    synonym must mean most often what the word means most often, and be about as common, by
    WordNet's tagged texts. Words stay whose part of speech is in doubt, that are names, units,
    or one expression with a neighbour: those that WordNet knows ("special effects"), nouns
    beside nouns, a noun right behind a preposition ("at heart"), a verb with its particle. With
    an `encoder`, a synonym must also leave the meaning of the words around it as it is: fewer
    edits, a little surer.
    """

    name: ClassVar[str] = "synonym.wordnet"
    source: ClassVar[str] = "Miller 1995, WordNet; Wei & Zou 2019, EDA"
    mends: ClassVar[bool] = True
    languages: ClassVar[tuple[str, ...]] = ("en",)
    file_parameters: ClassVar[tuple[str, ...]] = ("wordnet",)

    rate: Rate = 0.3

    wordnet: str | None = Field(
        None, description="folder of WordNet's files; default: the installed ones"
    )
    encoder: str | None = Field(
        None,
        min_length=1,
        description="sentence encoder that must find the text with a synonym close to the "
        "original: a folder, or hf://NAME; slower",
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="device of the encoder")

    _seconds: float = PrivateAttr(0.0)

    @property
    def uses_model(self) -> bool:  # type: ignore[override]
        return self.encoder is not None

    @property
    def forward_seconds(self) -> float:
        return self._seconds

    def needs(self) -> list[ModelRef]:
        return [] if self.encoder is None else [ModelRef(self.encoder, "encoder")]

    def load(self) -> None:
        _Known.of(self.wordnet)
        if self.encoder is not None:
            _ = self._encoder

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        fields = {key: state["__dict__"][key] for key in type(self).model_fields}
        return {**state, "__dict__": fields}  # whoever unpickles it loads a model of its own

    @cached_property
    def _encoder(self) -> "Encoder":
        from mashbill.models.encoder import Encoder

        return Encoder.load(self.encoder, max_length=64, precision="fp32", device=self.device)

    def sites(self, batch: TextBatch) -> Sites:
        entries, contexts, seconds = _Known.of(self.wordnet)
        all_words, free = batch.words, batch.free_words
        spelled = batch.strings(all_words)
        near = [*follows_closely(batch, all_words).tolist(), False]
        places = np.searchsorted(all_words.starts, free.starts).tolist()
        entries_of = list(map(entries.__getitem__, map(spelled.__getitem__, places)))
        kept, options = [], []
        for number in [number for number, word in enumerate(entries_of) if word is not None]:
            place = places[number]
            word = spelled[place]
            context = None
            if near[place]:
                if word in seconds[spelled[place - 1]]:
                    continue
                context = contexts[spelled[place - 1]]
            by_context, followers = entries_of[number]
            option = by_context[context]
            if option is None or (near[place + 1] and spelled[place + 1] in followers):
                continue
            before = spelled[place - 1].lower() if near[place] else ""
            after = spelled[place + 1].lower() if near[place + 1] else ""
            if option.pos == "v" and not (
                after in _AFTER_VERBS or not (after or word[-3:] == "ing")
            ):
                continue
            if option.pos == "n" and (
                before in _PHRASAL or contexts[before] == "noun" or contexts[after] == "noun"
            ):
                continue
            if word[0].isupper() and (
                (option.pos == "v" and word.endswith("s"))  # "Mendes", before any subject
                or self.language.is_name(batch, all_words, spelled, place)
            ):
                continue
            kept.append(number)
            options.append(option)
        return free.take(np.array(kept, np.int64))._replace(options=options)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} option").tolist()
        choices = sites.options if self.encoder is None else self._near(batch, sites)
        return [
            match_case(like, options.draw(draw)) if options else None
            for like, options, draw in zip(batch.strings(sites), choices, draws, strict=True)
        ]

    def _near(self, batch: TextBatch, sites: Sites) -> list[Options | None]:
        """Those of the options that the encoder finds near to what stands at each site."""
        asked = [
            [f"{left}{new}{right}" for new in (word.lower(), *options.words)]
            for word, (left, right), options in zip(
                batch.strings(sites), _around(batch, sites), sites.options, strict=True
            )
        ]
        vectors = self._vectors([text for texts in asked for text in texts])
        near: list[Options | None] = []
        for texts, options in zip(asked, sites.options, strict=True):
            old, *new = (vectors[text] for text in texts)
            cosines = [float(old @ vector) for vector in new]
            by_entry = {
                word: weight * exp(SHARPNESS * (cosine - 1))
                for word, weight, cosine in zip(
                    options.words, options.weights, cosines, strict=True
                )
                if cosine >= NEAR_IN_CONTEXT
            }
            near.append(Options.of(by_entry, options.pos) if by_entry else None)
        return near

    def _vectors(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        each = list(dict.fromkeys(texts))
        before = self._encoder.forward_seconds
        vectors = self._encoder.embed(each)
        self._seconds += self._encoder.forward_seconds - before
        return dict(zip(each, vectors, strict=True))


def _around(batch: TextBatch, sites: Sites) -> list[tuple[str, str]]:
    """What stands before and behind each site, some words of its text."""
    starts, ends, bounds = batch.words.starts, batch.words.ends, batch.bounds_of(batch.words.starts)
    places = np.searchsorted(starts, sites.starts)
    first = np.maximum(places - REACH, bounds[sites.rows])
    last = np.minimum(places + REACH, bounds[sites.rows + 1] - 1)
    columns = (starts[first], sites.starts, sites.ends, ends[last])
    return [
        (batch.joined[a:b], batch.joined[c:d])
        for a, b, c, d in zip(*(column.tolist() for column in columns), strict=True)
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
        words, seconds = (WordCache(functools.partial(find, source)) for find in (_word, _seconds))
        return _Known(words, contexts_of(folder), seconds)


def _word(source: wordnet.WordNet, spelled: str) -> _Word | None:
    word = plain(spelled)
    if word in FUNCTION_WORDS or len(word) < 2 or not word[0].isalpha():
        return None
    if not any(source.synonyms(reading.lemma, reading.pos) for reading in analyses(source, word)):
        return None
    options = WordCache(functools.partial(_options, source, word))
    return _Word(options, _seconds(source, spelled))


def _options(source: wordnet.WordNet, word: str, context: str | None) -> Options | None:
    readings = readings_of(source, word, context)
    if not readings:
        return None
    likelihood, analysis = max(readings)
    if likelihood < SURE * sum(reading[0] for reading in readings):
        return None
    form = form_in(context, analysis)
    if form is None or analysis.lemma in _LIGHT:
        return None
    weights: dict[str, float] = {}
    frequency = source.frequency(analysis.lemma, analysis.pos)
    for synonym in source.synonyms(analysis.lemma, analysis.pos):
        lemma = synonym.lemma
        if not _is_close(synonym, frequency) or not _has_style(source, lemma, analysis):
            continue
        inflected = inflect(source, lemma, analysis.pos, form)
        if inflected and inflected != word and not _is_form_of(source, lemma, analysis):
            weights[inflected] = weights.get(inflected, 0.0) + synonym.weight
    if not weights:
        return None
    return Options.of(weights, analysis.pos)


def _is_close(synonym: wordnet.Synonym, frequency: float) -> bool:
    """Whether it means most often what the word means most often, and is as common.

    Args:
        frequency: of the word.
    """
    least = USES_OF_PHRASE if " " in synonym.lemma else USES
    used = synonym.uses is None or synonym.uses >= least
    covers = COVERS if frequency >= 1 else COVERS_BY_RANK
    if synonym.own >= HARDLY_ANOTHER:
        covers = COVERS_OF_OWN
    meant = synonym.covers >= covers and synonym.own >= OWN
    return used and meant and synonym.rate >= RATE


def _has_style(source: wordnet.WordNet, lemma: str, analysis: Analysis) -> bool:
    """No function words ("only" for "simply"), and no adverbs that look like adjectives ("easy").

    The particle of a verb of two words may stand in the text already; "min" is no word.
    """
    if lemma in FUNCTION_WORDS or (len(lemma) < 4 and analysis.lemma.startswith(lemma)):
        return False
    if analysis.pos == "n" and analysis.form == "s" and lemma in _WITHOUT_PLURAL:
        return False
    if " " in lemma:
        return analysis.pos == "n" and analysis.lemma not in lemma.split()
    if analysis.pos == "r" and not lemma.endswith("ly"):
        return source.frequency(lemma, "r") > source.frequency(lemma, "a")
    return True


def _is_form_of(source: wordnet.WordNet, synonym: str, analysis: Analysis) -> bool:
    """ "Older" is given as a synonym of "old"."""
    return any(other.lemma == analysis.lemma for other in analyses(source, synonym))


def _seconds(source: wordnet.WordNet, spelled: str) -> frozenset[str]:
    word = plain(spelled)
    if not word.isalpha():
        return frozenset()
    lemmas = {word, *(reading.lemma for reading in analyses(source, word))}
    return frozenset().union(*(source.expressions.get(lemma, ()) for lemma in lemmas))
