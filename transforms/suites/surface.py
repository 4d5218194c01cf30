"""Suites that disturb the surface of a text: its letters, spaces, marks and the order of words."""

import re
from collections.abc import Sequence

from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.rng import Rng
from mashbill.transforms.languages.base import Language
from mashbill.transforms.suites.suite import Level, Suite, augmented, each, percent

_SLIPS = {
    "typo.keyboard": "a neighbouring key's",
    "typo.transpose": "swapped",
    "typo.delete": "missing",
    "typo.repeat": "twice",
}
_MARKS = re.compile(r"(?<=\w)[.,;:!?]+(?=\s|$)")
_LAST_MARK = re.compile(r"(?<=\w)[.,;:!?…]+\s*$")


def _typos(language: Language, rate: float) -> Level:
    """One letter in a share of the words, each text by one kind of slip."""
    slip = {"use": "one_of", "of": [{"use": kind, "rate": rate} for kind in _slips(language)]}
    return lambda texts, seeds: build(slip, language.name).variants(Request(texts, seeds))


def _slips(language: Language) -> list[str]:
    return [kind for kind in language.typos if kind != "typo.keyboard" or language.keyboard]


def _widened(text: str, rng: Rng) -> str:
    """Three in ten spaces become two to four."""
    return re.sub(" ", lambda _: " " * (2 + rng.below(3)) if rng.uniform() < 0.3 else " ", text)


def _listed(rates: Sequence[float]) -> str:
    return f"{', '.join(f'{100 * rate:g}' for rate in rates)} %"


def _names(*names: str) -> frozenset[str]:
    return frozenset(names)


def surface_suites(wordnet: str | None, language: Language) -> list[Suite]:
    """Every suite of this module; the language may lack augmenters that some are made by.

    Args:
        language: of the texts.
        wordnet: folder of WordNet's files; without one, the installed.
    """
    words = (0.1, 0.25, 0.5)
    typos = language.typo_rates
    slips = ", ".join(_SLIPS[kind] for kind in _slips(language))
    return [
        Suite(
            "typo",
            f"in {_listed(typos)} of the words one letter goes wrong; characters, where a script "
            f"puts no spaces: {slips}",
            levels=tuple(_typos(language, rate) for rate in typos),
            severities=percent(*typos),
            uses=_names(
                *_slips(language), "typo.substitute", "nlpaug.KeyboardAug", "nlpaug.RandomCharAug"
            ),
        ),
        Suite(
            "ocr",
            "10, 25, 50 % of the words have a letter that OCR confuses with the right one",
            levels=tuple(augmented(language, "typo.ocr", rate) for rate in words),
            severities=percent(*words),
            uses=_names("typo.ocr", "nlpaug.OcrAug"),
        ),
        Suite(
            "misspelling",
            "10, 25, 50 % of the words are misspelled as people misspell them",
            levels=tuple(augmented(language, "typo.misspelling", rate) for rate in words),
            severities=percent(*words),
            made_by=("typo.misspelling",),
            uses=_names("typo.misspelling", "nlpaug.SpellingAug"),
        ),
        Suite(
            "homoglyph",
            "5, 10, 25 % of the words have a letter of another alphabet that looks the same",
            levels=tuple(augmented(language, "typo.homoglyph", rate) for rate in (0.05, 0.1, 0.25)),
            severities=percent(0.05, 0.1, 0.25),
            uses=_names("typo.homoglyph"),
        ),
        Suite(
            "contraction",
            "did not for didn't and the reverse, wherever possible",
            levels=(augmented(language, "contraction", 1.0),),
            severities=("all",),
            made_by=("contraction",),
            uses=_names("contraction"),
        ),
        Suite(
            "case",
            "a quarter of the words in another case; all lower; all upper",
            levels=(
                augmented(language, "edit.case", 0.25),
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
                augmented(language, "edit.insert_punctuation", 0.2),
            ),
            severities=("last gone", "all gone", "put in"),
            uses=_names("edit.insert_punctuation"),
        ),
        Suite(
            "whitespace",
            "wider spaces; 15 % of the words split; 15 % of the spaces missing",
            levels=(
                each(_widened),
                augmented(language, "edit.split", 0.15),
                augmented(language, "edit.join", 0.15),
            ),
            severities=("wider", "split", "joined"),
            uses=_names("edit.split", "edit.join", "nlpaug.SplitAug"),
        ),
        Suite(
            "synonym",
            "10, 20, 40 % of the words are synonyms by WordNet",
            levels=tuple(
                augmented(language, "synonym.wordnet", rate, wordnet=wordnet)
                for rate in (0.1, 0.2, 0.4)
            ),
            severities=percent(0.1, 0.2, 0.4),
            made_by=("synonym.wordnet",),
            uses=_names("synonym", "contextual.substitute", "nlpaug.SynonymAug"),
        ),
        Suite(
            "word_order",
            "10, 25, 50 % of the pairs of neighbouring words change places",
            levels=tuple(augmented(language, "edit.swap", rate) for rate in words),
            severities=percent(*words),
            uses=_names("edit.swap", "order"),
        ),
    ]
