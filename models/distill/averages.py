"""Weights averaged over the steps of a training, which are evaluated and kept in their place.

An exponential moving average (Polyak and Juditsky 1992; Tarvainen and Valpola 2017, "Mean teachers
are better role models"). Its decay rises over the first steps, so that a short training does not
keep what it began with.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.optim.swa_utils import get_ema_multi_avg_fn
from transformers import TrainerCallback

from mashbill.models.checkpoints import AVERAGES_FILE


class Averages(TrainerCallback):
    """Of the weights that are trained, updated after every step of the optimiser.

    Args:
        decay: share of the average that a step leaves, from 0 to 1.
    """

    def __init__(self, model: torch.nn.Module, decay: float):
        self.decay = decay
        self._trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self._averages = {name: one.detach().clone() for name, one in self._trained.items()}

    def on_step_end(self, args, state, control, **kwargs):
        """Trainer calls it when the optimiser has made a step."""
        step = state.global_step
        decay = min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            get_ema_multi_avg_fn(decay)(
                list(self._averages.values()), list(self._trained.values()), step
            )

    @contextmanager
    def in_their_place(self) -> Iterator[None]:
        """The model has the averages until the block ends."""
        own = {name: one.detach().clone() for name, one in self._trained.items()}
        self._put(self._averages)
        try:
            yield
        finally:
            self._put(own)

    def _put(self, weights: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, one in weights.items():
                self._trained[name].copy_(one)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The averages, by the names of the weights."""
        return self._averages

    def load(self, checkpoint: Path) -> None:
        for name, one in load_file(checkpoint / AVERAGES_FILE).items():
            self._averages[name].copy_(one)
