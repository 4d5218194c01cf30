"""Reads the labels of a text of which any number may hold."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mashbill.models.tasks.names import BadLabel, LabelParser

FLAGS = {"1": True, "0": False, "true": True, "false": False, "yes": True, "no": False}


class MultiParser:
    """Labels as a list of names or numbers, as a text with separators, or as flags.

    Args:
        labels: of the task.
        class_names: of the file, which its numbers stand for; empty where it names none.
        separator: of the labels in a text.
        empty: what a blank text says: no label holds, or (None) it is not known which do.
    """

    def __init__(
        self,
        labels: Sequence[str],
        class_names: Sequence[str],
        separator: str,
        empty: list[int] | None,
    ):
        self.labels, self.separator, self.empty = labels, separator, empty
        self.one = LabelParser(labels, class_names)

    def __call__(self, value: Any) -> list[int] | None:
        if value is None or (isinstance(value, float) and value != value):
            return None
        if isinstance(value, tuple):
            return self._flags(value)
        if isinstance(value, str):
            if not value.strip():
                return self.empty
            value = value.split(self.separator)
        if not isinstance(value, list | np.ndarray):
            value = [value]
        if len(value) and all(isinstance(one, bool | float) for one in value):
            return self._flags(tuple(value))
        return self._indices([self.one(one) for one in value])

    def _indices(self, indices: Sequence[int | None]) -> list[int]:
        if None in indices:
            raise BadLabel("one of the labels is empty")
        if len(set(indices)) < len(indices):
            raise BadLabel("a label appears twice; for 0/1 columns name each one: label: [a, b, …]")
        return sorted(indices)

    def _flags(self, values: Sequence[Any]) -> list[int] | None:
        if len(values) != len(self.labels):
            raise BadLabel(f"{len(values)} flags for {len(self.labels)} labels")
        flags = [_flag(value) for value in values]
        if None not in flags:
            return [i for i, flag in enumerate(flags) if flag]
        if any(flag is not None for flag in flags):
            missing = self.labels[flags.index(None)]
            raise BadLabel(f"the flag of {missing!r} is missing, but others are present")
        return None


def _flag(value: Any) -> bool | None:
    if value is None or value != value or (isinstance(value, str) and not value.strip()):
        return None
    flag = FLAGS.get(value.strip().casefold()) if isinstance(value, str) else value
    if flag not in (0, 1):
        raise BadLabel(f"{value!r} is not a flag; allowed: 0, 1, true, false")
    return bool(flag)
