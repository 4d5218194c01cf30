"""Suites that disturb the surface of a text: its letters, spaces, marks and the order of words."""

import re

from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.rng import Rng
from mashbill.transforms.suites.suite import Level, Suite, augmented, each, percent

TYPOS = ("typo.keyboard", "typo.transpose", "typo.delete")
_MARKS = re.compile(r"(?<=\w)[.,;:!?]+(?=\s|$)")
_LAST_MARK = re.compile(r"(?<=\w)[.,;:!?…]+\s*$")


def _typos(rate: float) -> Level:
    """One letter in a share of the words, each text by one kind of slip."""
    parts = [{"use": name, "rate": rate} for name in TYPOS]
    return lambda texts, seeds: build({"use": "one_of", "of": parts}).variants_batch(texts, seeds)


def _widened(text: str, rng: Rng) -> str:
    """Three in ten spaces become two to four."""
    return re.sub(" ", lambda _: " " * (2 + rng.below(3)) if rng.uniform() < 0.3 else " ", text)


def _names(*names: str) -> frozenset[str]:
    return frozenset(names)


def surface_suites(wordnet: str | None) -> list[Suite]:
    """Every suite of this module.

    Args:
        wordnet: folder of WordNet's files; without one, the installed.
    """
    words = (0.1, 0.25, 0.5)
    return [
        Suite(
            "typo",
            "in 10, 25, 50 % of the words a letter is a neighbouring key's, swapped, or missing",
            levels=tuple(map(_typos, words)),
            severities=percent(*words),
            uses=_names(*TYPOS, "typo.substitute", "nlpaug.KeyboardAug", "nlpaug.RandomCharAug"),
        ),
        Suite(
            "ocr",
            "in 10, 25, 50 % of the words a letter is one that a scanner takes for it",
            levels=tuple(augmented("typo.ocr", rate) for rate in words),
            severities=percent(*words),
            uses=_names("typo.ocr", "nlpaug.OcrAug"),
        ),
        Suite(
            "misspelling",
            "10, 25, 50 % of the words are misspelt as people do",
            levels=tuple(augmented("typo.misspelling", rate) for rate in words),
            severities=percent(*words),
            uses=_names("typo.misspelling", "nlpaug.SpellingAug"),
        ),
        Suite(
            "homoglyph",
            "in 5, 10, 25 % of the words a letter is another alphabet's that looks the same",
            levels=tuple(augmented("typo.homoglyph", rate) for rate in (0.05, 0.1, 0.25)),
            severities=percent(0.05, 0.1, 0.25),
            uses=_names("typo.homoglyph"),
        ),
        Suite(
            "contraction",
            "did not for didn't, and the other way round, wherever it goes",
            levels=(augmented("contraction", 1.0),),
            severities=("all",),
            uses=_names("contraction"),
        ),
        Suite(
            "case",
            "a quarter of the words in another case; all lower; all upper",
            levels=(
                augmented("edit.case", 0.25),
                each(lambda text, _: text.lower()),
                each(lambda text, _: text.upper()),
            ),
            severities=("25 %", "lower", "upper"),
            uses=_names("edit.case"),
        ),
        Suite(
            "punctuation",
            "the last mark is missing; all marks are missing; marks before 20 % of the words",
            levels=(
                each(lambda text, _: _LAST_MARK.sub("", text)),
                each(lambda text, _: _MARKS.sub("", text)),
                augmented("edit.insert_punctuation", 0.2),
            ),
            severities=("last gone", "all gone", "put in"),
            uses=_names("edit.insert_punctuation"),
        ),
        Suite(
            "whitespace",
            "wider spaces; 15 % of the words split; 15 % of the spaces missing",
            levels=(each(_widened), augmented("edit.split", 0.15), augmented("edit.join", 0.15)),
            severities=("wider", "split", "joined"),
            uses=_names("edit.split", "edit.join", "nlpaug.SplitAug"),
        ),
        Suite(
            "synonym",
            "10, 20, 40 % of the words are synonyms by WordNet",
            levels=tuple(
                augmented("synonym.wordnet", rate, wordnet=wordnet) for rate in (0.1, 0.2, 0.4)
            ),
            severities=percent(0.1, 0.2, 0.4),
            uses=_names("synonym", "contextual.substitute", "nlpaug.SynonymAug"),
        ),
        Suite(
            "word_order",
            "10, 25, 50 % of the pairs of neighbouring words change places",
            levels=tuple(augmented("edit.swap", rate) for rate in words),
            severities=percent(*words),
            uses=_names("edit.swap", "order"),
        ),
    ]
