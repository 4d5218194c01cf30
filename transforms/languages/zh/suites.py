"""Suites that only Chinese has."""

import re
from collections.abc import Sequence

import numpy as np

from mashbill.transforms.augmenters.batch import TextBatch
from mashbill.transforms.augmenters.edits import Edits, Variant, variants_of
from mashbill.transforms.augmenters.protection import guard
from mashbill.transforms.augmenters.rng import Rng
from mashbill.transforms.languages.base import Language
from mashbill.transforms.suites.suite import Level, Suite, augmented, each, percent

_LAST_MARK = re.compile(r"(?<=\w)[，。！？；：、…,.!?;:]+\s*$")
_MARKS = re.compile(r"(?<=\w)[，。！？；：、]+")


def suites(language: Language) -> tuple[Suite, ...]:
    """Beside those of every language."""
    words, characters = (0.05, 0.1, 0.25), (0.02, 0.05, 0.1)

    def at(rates: tuple[float, ...], name: str, **parameters):
        return tuple(augmented(language, name, rate, **parameters) for rate in rates)

    return (
        Suite(
            "homophone",
            "5, 10, 25 % of the words are others of the same sound",
            levels=at(words, "typo.homophone"),
            severities=percent(*words),
            made_by=("typo.homophone",),
            uses=frozenset(("typo.homophone", "typo.pinyin_fuzzy")),
        ),
        Suite(
            "lookalike",
            "2, 5, 10 % of the characters that have one are others of nearly the same shape",
            levels=at(characters, "typo.lookalike"),
            severities=percent(*characters),
            made_by=("typo.lookalike",),
            uses=frozenset(("typo.lookalike",)),
        ),
        Suite(
            "width",
            "all Latin letters, numbers and marks full width; all half width",
            levels=(
                augmented(language, "typo.width", 1.0, mode="full"),
                augmented(language, "typo.width", 1.0, mode="half"),
            ),
            severities=("full", "half"),
            made_by=("typo.width",),
            uses=frozenset(("typo.width",)),
        ),
        Suite(
            "punctuation",
            "the last mark is missing; all marks are spaces; marks before 20 % of the words",
            levels=(
                each(lambda text, _: _LAST_MARK.sub("", text)),
                each(lambda text, _: _MARKS.sub(" ", text)),
                augmented(language, "edit.insert_punctuation", 0.2),
            ),
            severities=("last gone", "all gone", "put in"),
            uses=frozenset(("edit.insert_punctuation",)),
        ),
        Suite(
            "traditional",
            "the whole text in traditional characters: the standard's, Taiwan's, Taiwan's words",
            levels=tuple(
                augmented(language, "script.traditional", 1.0, region=region)
                for region in ("standard", "taiwan", "taiwan_words")
            ),
            severities=("standard", "Taiwan", "words"),
            made_by=("script.traditional",),
            uses=frozenset(("script.traditional",)),
        ),
        Suite(
            "whitespace",
            "a space between all words; 15 % of the words split; a space at one mark in three",
            levels=(
                _spaced(language),
                augmented(language, "edit.split", 0.15),
                each(_after_marks),
            ),
            severities=("all words", "split", "marks"),
            uses=frozenset(("edit.split",)),
        ),
        Suite(
            "synonym",
            "10, 20, 40 % of the words that have synonyms are these",
            levels=at((0.1, 0.2, 0.4), "synonym.zh"),
            severities=percent(0.1, 0.2, 0.4),
            made_by=("synonym.zh",),
            uses=frozenset(("synonym", "contextual.substitute")),
        ),
    )


def _spaced(language: Language) -> Level:
    """As a segmenter leaves a text."""

    def level(texts: Sequence[str], seeds: Sequence[int]) -> list[Variant]:
        batch = TextBatch(texts, seeds, guard((), ()), frozenset(), language)
        words = batch.words
        touch = np.flatnonzero(words.starts[1:] == words.ends[:-1]) + 1
        starts = words.starts[touch] - batch.offsets[words.rows[touch]]
        bounds = np.searchsorted(words.rows[touch], np.arange(len(texts) + 1))
        return variants_of(texts, Edits(bounds, starts, starts, [" "] * len(starts)))

    return level


def _after_marks(text: str, rng: Rng) -> str:
    return re.sub(r"[，。！？；：]", lambda m: m[0] + " " * (rng.uniform() < 1 / 3), text)
