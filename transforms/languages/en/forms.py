"""Which English words could be forms of one another, as far as their endings tell."""

import functools

from mashbill.transforms.languages.en.spelling import regular_form
from mashbill.transforms.languages.en.verbs import verbs

ENDINGS = ("ing", "ed", "ly", "s")
WORDS = 200_000  # that are remembered


def end_alike(word: str, other: str) -> bool:
    """Whether they have the same ending, and none is a form of the other."""
    return ending(word) == ending(other) and not _forms(word) & _forms(other)


def ending(word: str) -> str:
    return next((ending for ending in ENDINGS if word.endswith(ending)), "")


@functools.lru_cache(WORDS)
def _forms(word: str) -> frozenset[str]:
    """The word, and what it would be in other forms if it were the base of them."""
    verb = verbs().get(word)
    regular = {regular_form(word, "v", form) for form in ("s", "past", "ing")}
    compared = {regular_form(word, "a", form) for form in ("er", "est")}
    return frozenset({word, *regular, *compared, *(verb or ())})
