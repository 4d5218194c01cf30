"""What an augmenter is asked for."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Request(NamedTuple):
    """A variant of each of some texts.

    Attributes:
        texts: to make variants of.
        seeds: decide every random choice, one for each text; any int, taken modulo 2**64.
        labels: values of the column `label`, None for a text without one; None where nobody knows
            them.
    """

    texts: Sequence[str]
    seeds: Sequence[int]
    labels: Sequence[Any] | None = None

    def part(self, first: int, last: int) -> "Request":
        """The same for the texts from `first` to before `last`."""
        columns = (column[first:last] if column is not None else None for column in self)
        return Request(*columns)

    def of(self, rows: Sequence[int]) -> "Request":
        """The same for some of the texts."""
        columns = ([column[row] for row in rows] if column is not None else None for column in self)
        return Request(*columns)
