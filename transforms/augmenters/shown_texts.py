"""A sample of the train split, for prompts that show some of its texts."""

import heapq
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

MOST = 512  # texts that are kept
LONGEST = 2000  # characters of a text that is worth showing


class Shown(NamedTuple):
    """A text of the train split. Attributes: `place`, what orders them at random; `label`, as the
    column has it."""

    place: int
    text: str
    label: Any


def smallest(shown: Iterable[Shown], most: int = MOST) -> list[Shown]:
    """Those that come first, whatever the order in which they were found."""
    once = {one.place: one for one in shown}
    return heapq.nsmallest(most, once.values(), key=lambda one: one.place)


def shown_of(places: Sequence[int], texts: Sequence[str], labels: Sequence[Any]) -> list[Shown]:
    """The texts that are short enough, with their labels."""
    rows = zip(places, texts, labels, strict=True)
    return smallest(Shown(*row) for row in rows if len(row[1]) <= LONGEST)
