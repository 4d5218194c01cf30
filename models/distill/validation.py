"""The validation split, tokenised once for all evaluations of a training."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from accelerate.utils import gather_object

from mashbill.models.batching import batch_sizes, token_budget
from mashbill.models.distill.answers import Answers, answers
from mashbill.models.distill.batches import split_pieces
from mashbill.models.distill.choosing import Change
from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.token_files import TokenFiles
from mashbill.models.distill.tokenized import BatchEncoder, Tokenized

KEPT_TOKENS = (
    1 << 26
)  # of all changes together, some 300 MB; more are made anew in every evaluation


class Validation:
    """The rows of a validation split on the device of a student, and what it answers to them.

    Args:
        tokens: of the data set, where they are kept on disk.
        rank, world: which of how many processes this is; each takes every so-many-th batch.
    """

    def __init__(
        self,
        data: SoftLabelled,
        encoder: BatchEncoder,
        device: torch.device,
        tokens: TokenFiles | None = None,
        rank: int = 0,
        world: int = 1,
    ):
        self.rank, self.world = rank, world
        self.data, self.encoder, self.device, self.tokens = data, encoder, device, tokens
        self._kept: dict[Change | None, list[Tokenized]] = {}
        self._room = KEPT_TOKENS

    def answers(self, model: torch.nn.Module, change: Change | None = None) -> Answers:
        """Of the student, in evaluation mode, to the texts as they are or after a change."""
        batches = islice(self._batches(self._pieces(change)), self.rank, None, self.world)
        return answers(model, batches, self.encoder.task, gather_object)

    def _pieces(self, change: Change | None) -> Iterable[Tokenized]:
        if change in self._kept:
            return self._kept[change]
        made = split_pieces(self.data, "validation", self.encoder, change, self.tokens)
        on_device = (rows.to(self.device) for rows in made)
        return self._keeping(change, on_device)

    def _keeping(self, change: Change | None, pieces: Iterable[Tokenized]) -> Iterator[Tokenized]:
        """The same, which are kept once all have come, if there is room."""
        kept, room = [], self._room
        for rows in pieces:
            room -= int(rows.lengths.sum())
            kept = [*kept, rows] if room >= 0 else []
            yield rows
        if room >= 0:
            self._kept[change], self._room = kept, room

    def _batches(self, pieces: Iterable[Tokenized]) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
        """As an engine has them: sorted by length, as many tokens as suit the device."""
        budget, start = token_budget(self.device, self.encoder.max_length), 0
        for rows in pieces:
            order = np.argsort(-rows.lengths, kind="stable")
            widths = budget.widths(rows.lengths[order])
            for size in batch_sizes(widths, budget):
                some, order = order[:size], order[size:]
                yield start + some, rows.batch(some, int(budget.widths(rows.lengths[some]).max()))
            start += len(rows.lengths)
