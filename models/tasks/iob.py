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
    entities: list[Entity] = []
    begin, kind = 0, -1
    for place, tag in enumerate([*tags, OUTSIDE]):
        inside = tag > 0 and tag % 2 == 0 and (tag - 2) // 2 == kind
        if kind >= 0 and not inside:
            entities.append(Entity(begin, place, kind))
            kind = -1
        if tag > 0 and not inside:
            begin, kind = place, int(tag - 1) // 2
    return entities


def is_valid(tags: np.ndarray) -> bool:
    """Whether every I- goes on an entity of its type."""
    before = np.concatenate([[OUTSIDE], tags[:-1]])
    inside = (tags > 0) & (tags % 2 == 0)
    return not (inside & (before != tags) & (before != tags - 1)).any()


def decode(scores: np.ndarray) -> np.ndarray:
    """The likeliest tags without an I- that goes on nothing, int16 [words].

    Viterbi's path through the words' own probabilities: of all valid rows of tags the one with the
    highest product. Where the best tag of each word makes a valid row, that is it.

    Args:
        scores: raw, [words, tags].
    """
    best = scores.argmax(axis=1).astype(np.int16)
    return best if is_valid(best) else _viterbi(scores.astype(np.float64))


def _viterbi(scores: np.ndarray) -> np.ndarray:
    tags = scores.shape[1]
    allowed = np.zeros((tags, tags))  # from, to
    for inside in range(2, tags, 2):
        allowed[:, inside] = -np.inf
        allowed[inside - 1 : inside + 1, inside] = 0
    best, back = scores[0] + allowed[OUTSIDE], []
    for row in scores[1:]:
        paths = best[:, None] + allowed
        back.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + row
    path = [int(best.argmax())]
    for origin in reversed(back):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1], np.int16)
