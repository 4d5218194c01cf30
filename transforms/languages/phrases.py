"""Sentences of a language that the suites put together."""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

Case = tuple[str, str]  # a text and its label
SENTIMENT = ("positive", "negative")  # labels of a task that has cases


class Phrases(NamedTuple):
    """What the suites say in a language.

    Attributes:
        neutral: sentences that say nothing of a text's label.
        distractors: sentences about something else.
        negated: the text with its first statement turned; as it is where there is none.
        negation: the word, or so, that turns a statement.
        about_negation: what `negated` does.
        plain, negated_plain: sentences with places for `{thing}` and `{adjective}`.
        things: names of what is judged.
        good, bad: adjectives of which everyone knows what they say.
        space: what stands between two sentences.
    """

    neutral: tuple[str, ...]
    distractors: tuple[str, ...]
    negated: Callable[[str], str]
    negation: str
    about_negation: str
    plain: str
    negated_plain: str
    things: tuple[str, ...]
    good: tuple[str, ...]
    bad: tuple[str, ...]
    space: str = " "

    def about_plain(self) -> str:
        return f"{self._one(self.plain)}: one adjective says it all"

    def about_negated(self) -> str:
        turned = f'the adjective\'s label, turned by "{self.negation}"'
        return f"{self._one(self.negated_plain)}: {turned}"

    def _one(self, template: str) -> str:
        return template.format(thing=self.things[0], adjective=self.good[1]).rstrip(".。")

    def plain_cases(self) -> tuple[Case, ...]:
        return self._cases(self.plain, *SENTIMENT)

    def negated_cases(self) -> tuple[Case, ...]:
        return self._cases(self.negated_plain, *reversed(SENTIMENT))

    def _cases(self, template: str, good: str, bad: str) -> tuple[Case, ...]:
        """The template for each thing and each adjective; what good and bad ones amount to."""
        return tuple(
            (template.format(thing=thing, adjective=adjective), label)
            for adjectives, label in ((self.good, good), (self.bad, bad))
            for thing, adjective in product(self.things, adjectives)
        )
