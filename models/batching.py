"""Batches of near-equal length under a token budget.

Padding is waste and a fixed batch size is either too small for short texts or too large for long
ones; sorting by length and cutting where it costs least avoids both.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

import numpy as np
import torch

from mashbill.models.errors import ModelError
from mashbill.models.word_tokens import Ragged

# Two cores run equally fast from some hundred tokens a batch on, and slower when the activations
# outgrow the caches; a GPU needs far more to be busy. Starting one more batch takes as long as so
# many tokens: measured on two cores, reckoned for a GPU (8 ms at 300,000 tokens a second). A GPU
# looks for the best way to multiply, and for memory, whenever a shape is new to it.
BUDGETS = {"cpu": (2048, 64, 1), "cuda": (65_536, 2400, 16)}


@dataclass
class TokenBudget:
    """How large the batches of a model may be.

    Attributes:
        tokens: how many, padding included, one forward may hold; shrinks when memory runs out.
        per_batch: what one more forward costs, in tokens: so much padding is not worth another cut.
        step: widths are multiples of it; above 1, the numbers of rows are few as well.
        widest: the longest row that the model takes, which may be no such multiple.
    """

    tokens: int
    per_batch: int = 64
    step: int = 1
    widest: int | None = None

    def widths(self, lengths: np.ndarray) -> np.ndarray:
        """That rows of these lengths are padded to at least, int64 [rows]."""
        widths = -(-lengths // self.step) * self.step
        return widths if self.widest is None else np.maximum(lengths, widths.clip(max=self.widest))

    def fit(self, widths: np.ndarray) -> np.ndarray:
        """The most rows of a batch of each width."""
        most = np.maximum(self.tokens // widths, 1)
        return most if self.step == 1 else most - most % _unit(most)

    def filled(self, rows: np.ndarray) -> np.ndarray:
        """The rows of a batch, and the last of them again until there are as many as often are."""
        missing = 0 if self.step == 1 else -len(rows) % int(_unit(np.array(max(1, len(rows)))))
        return np.append(rows, np.repeat(rows[-1:], missing))

    def halve(self, rows: int, width: int) -> None:
        self.tokens = max(width, rows // 2 * width)


def _unit(sizes: np.ndarray) -> np.ndarray:
    """An eighth of the power of two at or below each, at least 1."""
    return 2 ** np.maximum(0, np.log2(sizes).astype(np.int64) - 3)


def token_budget(device: torch.device, widest: int | None = None) -> TokenBudget:
    """What suits a device of this kind, for rows of at most `widest` tokens."""
    return TokenBudget(*BUDGETS[device.type], widest)


def for_each_batch(
    lengths: np.ndarray, budget: TokenBudget, step: Callable[[np.ndarray, int], None]
) -> None:
    """Calls `step(rows, width)` over all rows in batches, longest rows first.

    Longest first makes the greediest batch one of the first, so that what does not fit shows early.
    When `step` raises torch.OutOfMemoryError, the budget is halved and what is left is cut anew;
    ModelError if a single row does not fit.
    """
    order = np.argsort(-lengths, kind="stable")
    lengths = budget.widths(lengths)
    while len(order):
        for size in batch_sizes(lengths[order], budget):
            rows, width = order[:size], int(lengths[order[0]])
            try:
                step(rows, width)
            except torch.OutOfMemoryError as error:
                if size == 1:
                    said = f"one text of {width} tokens exceeds the GPU's memory"
                    raise ModelError(said) from error
                budget.halve(size, width)
                torch.cuda.empty_cache()  # does nothing before CUDA is in use
                break
            order = order[size:]


def batch_sizes(lengths: np.ndarray, budget: TokenBudget) -> list[int]:
    """How many rows go into each batch, for the fewest tokens in all, padding and `per_batch` of
    every batch included.

    Args:
        lengths: of the rows, descending, [rows].
    """
    starts = np.flatnonzero(np.diff(lengths, prepend=-1))
    widths = np.maximum(lengths[starts], 1)
    bounds = np.append(starts, len(lengths))
    fit = budget.fit(widths)  # rows of a batch that begins at a width
    cost, origin = np.zeros(len(bounds)), np.zeros(len(bounds), np.int64)
    for end in range(1, len(bounds)):
        rows = bounds[end] - bounds[:end]
        batches = -(-rows // fit[:end])
        costs = cost[:end] + rows * widths[:end] + budget.per_batch * batches
        origin[end] = costs.argmin()
        cost[end] = costs[origin[end]]
    sizes: list[int] = []
    end = len(starts)
    while end:
        begin = origin[end]
        whole, rest = divmod(int(bounds[end] - bounds[begin]), int(fit[begin]))
        sizes[:0] = [int(fit[begin])] * whole + [rest] * (rest > 0)
        end = begin
    return sizes


class TokenRows:
    """Token rows of different lengths, end to end in one tensor on the model's device.

    One copy per call takes all rows to the device; batches are then gathered there.
    """

    def __init__(self, rows: Ragged, pad: int, device: torch.device):
        self.lengths = rows.lengths
        self.pad = pad
        self._flat = to_device(rows.flat, device)
        self._starts = to_device(rows.starts, device)
        self._lengths = to_device(self.lengths, device)

    def gather(self, rows: torch.Tensor, width: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows padded on the right to `width`, and their mask: two int64 [rows, width]."""
        columns = torch.arange(width, device=rows.device)
        mask = columns < self._lengths[rows, None]
        places = (self._starts[rows, None] + columns).clamp_(max=len(self._flat) - 1)
        return self._flat[places].long().masked_fill_(~mask, self.pad), mask.long()

    def to(self, device: torch.device) -> "TokenRows":
        """The same on a device."""
        moved = copy(self)
        for name in ("_flat", "_starts", "_lengths"):
            setattr(moved, name, moved_to(getattr(self, name), device))
        return moved


def to_device(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """Pinned and asynchronous for CUDA, without a copy for the CPU."""
    return moved_to(torch.from_numpy(array), device)


def moved_to(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The same for a tensor."""
    if device.type != "cuda" or tensor.is_cuda:
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)
