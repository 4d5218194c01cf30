"""Running means of figures that a training step finds, between two lines of the log."""

from collections import defaultdict

import torch


class Watch:
    """Sums on the device they arise on; nothing waits for a GPU until the means are read."""

    def __init__(self) -> None:
        self._sums: dict[str, torch.Tensor | float] = defaultdict(float)
        self._rows: dict[str, torch.Tensor | float] = defaultdict(float)

    def add(self, name: str, total: torch.Tensor | float, rows: torch.Tensor | float = 1) -> None:
        """Adds a sum over `rows` rows."""
        self._sums[name] += total.detach() if isinstance(total, torch.Tensor) else total
        self._rows[name] += rows

    def means(self) -> dict[str, float]:
        """The mean of each figure since the last call; one without rows is left out."""
        found = {name: (float(self._sums[name]), float(self._rows[name])) for name in self._sums}
        self._sums.clear()
        self._rows.clear()
        return {name: total / rows for name, (total, rows) in found.items() if rows}
