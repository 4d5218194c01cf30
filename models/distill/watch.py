"""Running means of figures that a training step finds, between two lines of the log."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import torch

NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})


class Watch:
    """Sums on the device they arise on; nothing waits for a GPU until the means are read.

    Args:
        names: what the places in each kind of column are called, such as the classes of `class`.
    """

    def __init__(self, names: Mapping[str, Sequence[str]] = NOTHING) -> None:
        self._names = names
        self._sums: dict[str, torch.Tensor | float] = defaultdict(float)
        self._rows: dict[str, torch.Tensor | float] = defaultdict(float)

    def add(self, name: str, total: torch.Tensor | float, rows: torch.Tensor | float = 1) -> None:
        """Adds a sum over `rows` rows."""
        self._sums[name] += total.detach() if isinstance(total, torch.Tensor) else total
        self._rows[name] += rows

    def add_by(self, kind: str, name: str, values: torch.Tensor, places: torch.Tensor) -> None:
        """Adds a value for each row, apart for each name of a kind.

        Args:
            values: [rows]; places: int64 [rows], which of the names each row has.
        """
        for place, one in enumerate(self._names.get(kind, ())):
            mine = places == place
            self.add(f"{name}/{kind}/{one}", values[mine].sum(), mine.sum())

    def means(self, gather: Callable[[list], list] = lambda found: found) -> dict[str, float]:
        """The mean of each figure since the last call; one without rows is left out.

        Args:
            gather: puts what each process has found end to end.
        """
        found = [(name, float(self._sums[name]), float(self._rows[name])) for name in self._sums]
        self._sums.clear()
        self._rows.clear()
        totals: dict[str, np.ndarray] = {}
        for name, *numbers in gather(found):
            totals[name] = totals.get(name, 0) + np.array(numbers)
        return {name: float(total / rows) for name, (total, rows) in totals.items() if rows}
