"""Suites that add to a text, cut it, or turn what it says; and cases whose label is plain."""

import regex

from mashbill.transforms.augmenters.rng import Rng
from mashbill.transforms.languages.base import Language
from mashbill.transforms.languages.phrases import Phrases
from mashbill.transforms.suites.suite import Level, Suite, each, percent

# A word, as far as truncation asks: up to a space, or one letter of a script without spaces.
_WORD = regex.compile(
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]"
    r"|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+"
)


def _suffix(phrases: Phrases, sentences: int) -> Level:
    def longer(text: str, rng: Rng) -> str:
        return phrases.space.join([text.rstrip(), *_some(phrases.neutral, sentences, rng)])

    return each(longer)


def _prefix(phrases: Phrases, sentences: int) -> Level:
    def longer(text: str, rng: Rng) -> str:
        return phrases.space.join([*_some(phrases.distractors, sentences, rng), text.lstrip()])

    return each(longer)


def _some(sentences: tuple[str, ...], wanted: int, rng: Rng) -> list[str]:
    return [sentences[place] for place in rng.permutation(len(sentences))[:wanted]]


def _cut(share: float) -> Level:
    """The first words of a text, at least one, as they stand."""

    def cut(text: str, _: Rng) -> str:
        words = list(_WORD.finditer(text))
        kept = max(1, round(share * len(words)))
        return text[: words[kept - 1].end()] if words else text

    return each(cut)


def content_suites(language: Language) -> list[Suite]:
    """Every suite of this module that the language has phrases for."""
    phrases = language.phrases
    truncation = Suite(
        "truncation",
        "the first 75, 50, 25 % of the words",
        levels=tuple(map(_cut, (0.75, 0.5, 0.25))),
        severities=percent(0.75, 0.5, 0.25),
        uses=frozenset(("edit.crop",)),
    )
    if phrases is None:
        return [truncation]
    return [
        Suite(
            "neutral_suffix",
            "one, two, four sentences after the text that say nothing about its label",
            levels=tuple(_suffix(phrases, sentences) for sentences in (1, 2, 4)),
            severities=("1", "2", "4"),
        ),
        Suite(
            "distractor",
            "one, two, four sentences about something else before the text",
            levels=tuple(_prefix(phrases, sentences) for sentences in (1, 2, 4)),
            severities=("1", "2", "4"),
        ),
        truncation,
        Suite(
            "negation",
            phrases.about_negation,
            kind="DIR",
            levels=(each(lambda text, _: phrases.negated(text)),),
            severities=("all",),
        ),
        Suite(
            "plain_cases",
            phrases.about_plain(),
            kind="MFT",
            cases=phrases.plain_cases(),
        ),
        Suite(
            "negated_cases",
            phrases.about_negated(),
            kind="MFT",
            cases=phrases.negated_cases(),
        ),
    ]
