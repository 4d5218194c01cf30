"""Spans, words and texts: which words a span takes, and how an entity is written."""

import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

from mashbill.models.tasks.iob import Entity, entities_of, tags_of
from mashbill.models.tasks.words import word_bounds


def span_tags(text: str, spans: Sequence[Mapping[str, int]]) -> np.ndarray:
    """Of the words that each span overlaps; a word of two belongs to the first."""
    bounds = np.array(word_bounds(text), np.int64).reshape(-1, 2)
    entities, free = [], 0
    for span in spans:
        start = max(free, int(np.searchsorted(bounds[:, 1], span["start"], side="right")))
        end = int(np.searchsorted(bounds[:, 0], span["end"], side="left"))
        if start < end:
            entities.append(Entity(start, end, span["label"]))
            free = end
    return tags_of(entities, len(bounds))


def mentions(text: str, tags: np.ndarray) -> dict[Entity, str]:
    """Entities and how they are written."""
    bounds = word_bounds(text)
    return {one: text[bounds[one.start][0] : bounds[one.end - 1][1]] for one in entities_of(tags)}


def span_key(text: str, label: Sequence[Mapping[str, int]] | None) -> str | None:
    """Places that count letters and marks alone, and types."""
    if label is None:
        return None

    def place(end: int) -> int:
        return len("".join(unicodedata.normalize("NFKC", text[:end]).casefold().split()))

    return repr([(place(one["start"]), place(one["end"]), one["label"]) for one in label])
