"""Suites that add to a text, cut it, or turn what it says; and cases whose label is plain."""

import re
from itertools import product

from mashbill.transforms.augmenters.rng import Rng
from mashbill.transforms.suites.suite import Level, Suite, each, percent

_NEUTRAL = (
    "I watched it on a Tuesday.",
    "It runs for about two hours.",
    "We sat in the third row.",
    "My cousin lent me the disc.",
    "It was made in colour.",
    "There were two intervals.",
    "I had read nothing about it before.",
    "It came out in the autumn.",
)
_DISTRACTORS = (
    "The bus stops opposite the library.",
    "Tomorrow the office opens at nine.",
    "The recipe asks for two onions and some rice.",
    "A train leaves for the coast every hour.",
    "The kitchen has a window to the north.",
    "Her bicycle is green and has three gears.",
    "Water boils sooner on a mountain.",
    "The letter was posted on the first of March.",
)


def _suffix(sentences: int) -> Level:
    return each(lambda text, rng: " ".join([text.rstrip(), *_some(_NEUTRAL, sentences, rng)]))


def _prefix(sentences: int) -> Level:
    return each(lambda text, rng: " ".join([*_some(_DISTRACTORS, sentences, rng), text.lstrip()]))


def _some(sentences: tuple[str, ...], wanted: int, rng: Rng) -> list[str]:
    return [sentences[place] for place in rng.permutation(len(sentences))[:wanted]]


def _cut(share: float) -> Level:
    """The first words of a text, at least one, as they stand."""

    def cut(text: str, _: Rng) -> str:
        words = list(re.finditer(r"\S+", text))
        kept = max(1, round(share * len(words)))
        return text[: words[kept - 1].end()] if words else text

    return each(cut)


_STATEMENT = re.compile(r"\b(is|was|are|were|does|did|can|could|would|should)\b(?!\s+not\b|n['’]t)")


def _negated(text: str, _: Rng) -> str:
    """ "not" behind the first auxiliary verb; as it is where there is none."""
    return _STATEMENT.sub(r"\1 not", text, count=1)


_THINGS = ("film", "movie", "story", "acting", "plot", "ending", "music")
_GOOD = ("great", "wonderful", "excellent", "brilliant", "delightful", "superb")
_BAD = ("awful", "terrible", "dreadful", "boring", "horrible", "poor")


def _cases(template: str, good: str, bad: str) -> tuple[tuple[str, str], ...]:
    """The template for each thing and each adjective; what good and bad ones then amount to."""
    return tuple(
        (template.format(thing=thing, adjective=adjective), label)
        for adjectives, label in ((_GOOD, good), (_BAD, bad))
        for thing, adjective in product(_THINGS, adjectives)
    )


SENTIMENT = ("positive", "negative")


def content_suites() -> list[Suite]:
    """Every suite of this module; the cases need a task with the labels `SENTIMENT`."""
    good, bad = SENTIMENT
    return [
        Suite(
            "neutral_suffix",
            "one, two, four sentences behind the text that say nothing of its label",
            levels=tuple(map(_suffix, (1, 2, 4))),
            severities=("1", "2", "4"),
        ),
        Suite(
            "distractor",
            "one, two, four sentences about something else before the text",
            levels=tuple(map(_prefix, (1, 2, 4))),
            severities=("1", "2", "4"),
        ),
        Suite(
            "truncation",
            "the first 75, 50, 25 % of the words",
            levels=tuple(map(_cut, (0.75, 0.5, 0.25))),
            severities=percent(0.75, 0.5, 0.25),
            uses=frozenset(("edit.crop",)),
        ),
        Suite(
            "negation",
            'a "not" behind the first auxiliary verb of the text',
            kind="DIR",
            levels=(each(_negated),),
            severities=("all",),
        ),
        Suite(
            "plain_cases",
            "The film was wonderful: one adjective says it all",
            kind="MFT",
            cases=_cases("The {thing} was {adjective}.", good, bad),
        ),
        Suite(
            "negated_cases",
            'The film was not wonderful: the adjective\'s label, turned by "not"',
            kind="MFT",
            cases=_cases("The {thing} was not {adjective}.", bad, good),
        ),
    ]
