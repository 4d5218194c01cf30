"""IOB2: entities as a tag for each word. Tag 0 is O, 1 + 2·t begins type t, 2 + 2·t goes on."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

OUTSIDE = 0


class Entity(NamedTuple):
    """A run of words of one type; `end` is behind its last word."""

    start: int
    end: int
    type: int


def tag_names(types: Sequence[str]) -> tuple[str, ...]:
    """Names of the tags, in the order of their numbers."""
    return ("O", *(f"{place}-{name}" for name in types for place in "BI"))


def tags_of(entities: Iterable[Entity], words: int) -> np.ndarray:
    """int16 [words]; entities do not overlap."""
    tags = np.zeros(words, np.int16)
    for start, end, kind in entities:
        tags[start:end] = 2 + 2 * kind
        tags[start] = 1 + 2 * kind
    return tags


def entities_of(tags: Sequence[int] | np.ndarray) -> list[Entity]:
    """Entities in their order. An I- that does not go on an entity of its type begins one, as
    seqeval and CoNLL's own script have it."""
    found: list[Entity] = []
    begin, kind = 0, -1
    for place, tag in enumerate([*tags, OUTSIDE]):
        inside = tag > 0 and tag % 2 == 0 and (tag - 2) // 2 == kind
        if kind >= 0 and not inside:
            found.append(Entity(begin, place, kind))
            kind = -1
        if tag > 0 and not inside:
            begin, kind = place, int(tag - 1) // 2
    return found
