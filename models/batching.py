"""Batches of near-equal length under a token budget.

Padding is waste and a fixed batch size is either too small for short texts or too large for long
ones; sorting by length and filling each batch up to a number of tokens avoids both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch

from models.errors import ModelError


@dataclass
class TokenBudget:
    """How many tokens, padding included, one forward may hold; shrinks when memory runs out."""

    tokens: int

    def halve(self, rows: int, width: int) -> None:
        self.tokens = max(width, rows // 2 * width)


def for_each_batch(
    lengths: np.ndarray, budget: TokenBudget, step: Callable[[np.ndarray, int], None]
) -> None:
    """Calls `step(rows, width)` over all rows in batches, longest rows first.

    Longest first makes the greediest batch the first one, so that what does not fit shows early.
    When `step` raises torch.OutOfMemoryError, the budget is halved and the batch tried again;
    ModelError if a single row does not fit.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        width = int(lengths[order[start]])
        rows = order[start : start + max(1, budget.tokens // max(1, width))]
        try:
            step(rows, width)
        except torch.OutOfMemoryError as error:
            if len(rows) == 1:
                raise ModelError(f"one text of {width} tokens exceeds the GPU's memory") from error
            budget.halve(len(rows), width)
            torch.cuda.empty_cache()  # does nothing before CUDA is in use
        else:
            start += len(rows)


class TokenRows:
    """Token rows of different lengths, end to end in one tensor on the model's device.

    One copy per call takes all rows to the device; batches are then gathered there.
    """

    def __init__(self, rows: Sequence[Sequence[int]], pad: int, device: torch.device):
        self.lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        self.pad = pad
        flat = np.fromiter(chain.from_iterable(rows), np.int64, int(self.lengths.sum()))
        self._flat = to_device(flat, device)
        self._starts = to_device(np.cumsum(self.lengths) - self.lengths, device)
        self._lengths = to_device(self.lengths, device)

    def gather(self, rows: torch.Tensor, width: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows padded on the right to `width`, and their mask: two int64 [rows, width]."""
        columns = torch.arange(width, device=rows.device)
        mask = columns < self._lengths[rows, None]
        places = (self._starts[rows, None] + columns).clamp_(max=len(self._flat) - 1)
        return self._flat[places].masked_fill_(~mask, self.pad), mask.long()


def to_device(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """Pinned and asynchronous for CUDA, without a copy for the CPU."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
