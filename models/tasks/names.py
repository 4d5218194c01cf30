"""One parser for gold labels, whatever format their rows came in."""

import re
import unicodedata
from collections.abc import Sequence
from numbers import Number
from typing import Any

from mashbill.models.errors import MashbillError
from mashbill.models.spelling import did_you_mean

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?", re.ASCII)
BOOLEANS = {"true": True, "false": False}
SHOWN = 80


class BadLabel(ValueError):
    """A value that is no label; the message says why."""


class LabelParser:
    """Labels by name, by number, or as booleans.

    Names are compared in Unicode's composed form. Numbers are indices, unless some of the names are
    numbers: then they are names, since 1 could be the first or the second of "1" to "5".

    Args:
        labels: the class names of the recipe, in order.
        class_names: of the file, which its numbers stand for; empty where it names none.
    """

    def __init__(self, labels: Sequence[str], class_names: Sequence[str] = ()):
        self.labels, self.class_names = labels, class_names
        self.by_name = {_composed(label): i for i, label in enumerate(labels)}
        named = {_number(label): i for i, label in enumerate(labels)}
        named.pop(None, None)
        self.by_number: dict[Any, int] = named or {i: i for i in range(len(labels))}
        spelt = {name.casefold(): i for name, i in self.by_name.items()}
        if spelt.keys() >= BOOLEANS.keys():
            self.by_boolean = {value: spelt[name] for name, value in BOOLEANS.items()}
        else:
            both = len(labels) == 2 and self.by_number.keys() == {0, 1}
            self.by_boolean = {value: self.by_number[value] for value in (False, True) if both}

    def __call__(self, value: Any) -> int | None:
        """The index of a label; None for null, NaN, an empty field and a class of -1.

        Raises:
            BadLabel: it is none of the labels.
        """
        if value is None or value != value:
            return None
        if self.class_names and isinstance(value, int):
            if value >= len(self.class_names):
                raise BadLabel(f"label {value} has no name among {', '.join(self.class_names)}")
            value = self.class_names[value] if value >= 0 else ""  # -1: unlabelled
        index = self._of_text(value) if isinstance(value, str) else self._of_number(value)
        return None if index < 0 else index

    def _of_text(self, text: str) -> int:
        name = _composed(text)
        stripped = name.strip()
        if not stripped:
            return -1
        for spelling in (name, stripped):
            if spelling in self.by_name:
                return self.by_name[spelling]
        if stripped.casefold() in BOOLEANS and self.by_boolean:
            return self.by_boolean[BOOLEANS[stripped.casefold()]]
        index = self.by_number.get(_number(stripped))
        if index is None:
            raise self._unknown(text)
        return index

    def _of_number(self, value: Any) -> int:
        if isinstance(value, bool):
            if value not in self.by_boolean:
                raise BadLabel(
                    f"the label is bool, and there are not two labels ({', '.join(self.labels)})"
                )
            return self.by_boolean[value]
        if not isinstance(value, Number):
            raise BadLabel(f"the label is {type(value).__name__}, neither a name nor a number")
        index = self.by_number.get(value)
        if index is None:
            raise self._unknown(str(value))
        return index

    def _unknown(self, text: str) -> BadLabel:
        hint = did_you_mean(text[:SHOWN], self.labels)
        allowed = ", ".join(self.labels)
        return BadLabel(f"label {text[:SHOWN]!r} is not in labels{hint}; allowed: {allowed}")


def check_class_names(where: str, names: Sequence[str], labels: Sequence[str]) -> None:
    """Raises MashbillError for a class of a file's metadata that the recipe does not have."""
    parse = LabelParser(labels)
    for name in names:
        try:
            parse(name)
        except BadLabel as error:
            raise MashbillError(
                f"{where}: its metadata names the classes {names}: {error}"
            ) from None


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _number(text: str) -> float | None:
    return float(text) if NUMBER.fullmatch(text) else None
