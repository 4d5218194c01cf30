"""English sentences for the suites."""

import re

from mashbill.transforms.languages.phrases import Phrases

_STATEMENT = re.compile(r"\b(is|was|are|were|does|did|can|could|would|should)\b(?!\s+not\b|n['’]t)")


def _negated(text: str) -> str:
    """ "not" behind the first auxiliary verb; as it is where there is none."""
    return _STATEMENT.sub(r"\1 not", text, count=1)


PHRASES = Phrases(
    neutral=(
        "I watched it on a Tuesday.",
        "It runs for about two hours.",
        "We sat in the third row.",
        "My cousin lent me the disc.",
        "It was made in colour.",
        "There were two intervals.",
        "I had read nothing about it before.",
        "It came out in the autumn.",
    ),
    distractors=(
        "The bus stops opposite the library.",
        "Tomorrow the office opens at nine.",
        "The recipe asks for two onions and some rice.",
        "A train leaves for the coast every hour.",
        "The kitchen has a window to the north.",
        "Her bicycle is green and has three gears.",
        "Water boils sooner on a mountain.",
        "The letter was posted on the first of March.",
    ),
    negated=_negated,
    negation="not",
    about_negation='a "not" after the first auxiliary verb of the text',
    plain="The {thing} was {adjective}.",
    negated_plain="The {thing} was not {adjective}.",
    things=("film", "movie", "story", "acting", "plot", "ending", "music"),
    good=("great", "wonderful", "excellent", "brilliant", "delightful", "superb"),
    bad=("awful", "terrible", "dreadful", "boring", "horrible", "poor"),
)
