"""Uneven classes: told from even ones, and weighed so that each counts alike."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np

Balance = Literal["auto", "none", "weights"]

ENOUGH_ROWS = 10  # of a class: below, one row moves its recall by ten points or more
NAMED = 5  # classes in a line
RARE = 1 / 3  # of an even share: a class below it makes the classes uneven


def class_counts(labels: Iterable[int], classes: int) -> np.ndarray:
    """Rows of each class, int64 [classes]."""
    return np.bincount(np.fromiter(labels, np.int64), minlength=classes)


def is_uneven(counts: Sequence[float]) -> bool:
    """Whether the rarest class has less than a third of the rows that an even share would be.

    Accuracy hardly sees such a class. Without any rows, nothing is uneven.
    """
    return min(counts) < RARE * sum(counts) / len(counts)


def class_weights(counts: Sequence[float]) -> tuple[float, ...]:
    """By class, a weight in inverse proportion to its rows; over the rows they have the mean 1.

    King and Zeng 2001, "Logistic Regression in Rare Events Data", section 4. A class without rows
    has weight 1.
    """
    present = sum(rows > 0 for rows in counts)
    return tuple(float(sum(counts) / (present * rows)) if rows else 1.0 for rows in counts)


def chosen_weights(balance: Balance, counts: Sequence[float]) -> tuple[float, ...] | None:
    """The weights that a setting asks for; None where every row counts alike."""
    if balance == "weights" or (balance == "auto" and is_uneven(counts)):
        return class_weights(counts)
    return None


def too_few_to_measure(split: str, counts: Sequence[float], labels: Sequence[str]) -> Iterator[str]:
    """A line that names the classes of which a split has fewer than `ENOUGH_ROWS` rows, if any.

    A split without labelled rows has none to measure.
    """
    if not sum(counts):
        return
    few = [(label, int(n)) for label, n in zip(labels, counts, strict=True) if n < ENOUGH_ROWS]
    if few:
        named = ", ".join(f"{label!r} ({rows})" for label, rows in few[:NAMED])
        more = f" and {len(few) - NAMED} more" if len(few) > NAMED else ""
        yield (
            f"{split}: fewer than {ENOUGH_ROWS} labelled rows of {named}{more}, so "
            "their figures and macro F1 are unreliable (splits.stratify divides rare "
            "classes evenly)"
        )


def missing_classes(counts: Sequence[float], labels: Sequence[str]) -> list[str]:
    """A warning for each label that no train row has."""
    return [
        f"warning: no train row has the label {label!r}, so it cannot be learned"
        for label, rows in zip(labels, counts, strict=True)
        if not rows
    ]
