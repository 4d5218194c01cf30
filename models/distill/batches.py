"""From pieces of the train split to batches of tensors: near-equal lengths, resumable."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch.utils.data import IterableDataset

from mashbill.models.distill.choosing import Change
from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.fresh import MADE, Fresh
from mashbill.models.distill.stream import (
    TURN,
    Selection,
    SourceLogits,
    file_tables,
    shuffled,
)
from mashbill.models.distill.token_files import TokenFiles
from mashbill.models.distill.tokenized import BatchEncoder, Tokenized

BATCHES_PER_PIECE = 32  # sorted by length together: more saves padding, fewer mix better


class Piece(NamedTuple):
    """Rows that were shuffled together. Attributes: `groups`, the places of each batch's rows."""

    rows: Tokenized
    groups: Sequence[np.ndarray]

    def to(self, device: torch.device) -> "Piece":
        return self._replace(rows=self.rows.to(device))

    def batches(self) -> Iterator[dict[str, Any]]:
        """See `Tokenized.batch`."""
        return map(self.rows.batch, self.groups)


@dataclass(frozen=True)
class BatchPlan:
    """How train rows become batches.

    Attributes:
        size: rows of a batch; with `by_source`, source examples of a batch.
        buffer: rows that are shuffled together.
        by_source: keeps a source example and its variants in one batch.
        soft_labels: `row`, what the teacher said of the row itself, or `source`: what it said of
            the source example, as in consistency training; or which of them by augmenter, where
            one that is not named has `row`.
        class_weights: what the weight of a row is multiplied with, by its gold label or, without
            one, the teacher's for the row itself.
        fresh: makes the rows that `selection.fresh` asks for.
    """

    size: int
    buffer: int
    seed: int
    selection: Selection = field(default_factory=Selection)
    by_source: bool = False
    soft_labels: str | Mapping[str, str] = "row"
    class_weights: Sequence[float] | None = None
    fresh: Fresh | None = None


class TrainBatches(IterableDataset):
    """Endless batches; `start` of them are passed over, without tokenising what comes before.

    Several processes share each batch, which is so many times as large: they train as one process
    with such a batch does.

    Args:
        tokens: of the data set; without them every pass tokenises its texts anew.
    """

    def __init__(
        self,
        data: SoftLabelled,
        encoder: BatchEncoder,
        plan: BatchPlan,
        *,
        start: int = 0,
        rank: int = 0,
        world: int = 1,
        tokens: TokenFiles | None = None,
    ):
        self.data, self.encoder, self.plan = data, encoder, plan
        self.start, self.rank, self.world = start, rank, world
        self.tokens = tokens
        self._sources = _sources(data, plan.soft_labels)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return chain.from_iterable(piece.batches() for piece in self.pieces())

    def pieces(self, worker: int = 0, workers: int = 1) -> Iterator[Piece]:
        """Pieces of `BATCHES_PER_PIECE` batches or, at the start, of those that are left of it.

        Args:
            worker, workers: every `workers`-th piece is made, beginning with this one.
        """
        plan, size = self.plan, self.plan.size * self.world
        tables = shuffled(
            self.data,
            plan.selection,
            seed=plan.seed,
            buffer=plan.buffer,
            piece=size * BATCHES_PER_PIECE,
            by_source=plan.by_source,
            tokens=self.tokens,
        )
        passed, begun = divmod(self.start, BATCHES_PER_PIECE)
        mine = islice(tables, passed + worker, None, workers)
        for number, table in zip(count(passed + worker, workers), mine, strict=False):
            rows = self._tokenized(table)
            groups = self._groups(rows, np.random.default_rng([plan.seed, 3, number]))
            yield Piece(rows, groups[begun:] if number == passed else groups)

    def _groups(self, rows: Tokenized, rng: np.random.Generator) -> list[np.ndarray]:
        """Places of this process's rows of each batch: `BATCHES_PER_PIECE` of them, in random
        order, each of near-equal lengths."""
        lengths = rows.lengths
        if not self.plan.by_source:
            order = np.argsort(lengths + rng.random(len(lengths)))
            batches = [some[self.rank :: self.world] for some in np.split(order, BATCHES_PER_PIECE)]
        else:
            starts = np.flatnonzero(np.diff(rows.sources, prepend=-1))
            groups = np.split(np.arange(len(lengths)), starts[1:])
            order = np.argsort(np.maximum.reduceat(lengths, starts) + rng.random(len(starts)))
            chosen = np.split(order, BATCHES_PER_PIECE)
            batches = [
                np.concatenate([groups[i] for i in some[self.rank :: self.world]])
                for some in chosen
            ]
        return [batches[i] for i in rng.permutation(len(batches))]

    def _tokenized(self, table: pa.Table) -> Tokenized:
        task, weights = self.data.task, self.plan.class_weights
        stored = table[TURN].is_null().to_numpy() if self.plan.fresh else None
        if self.plan.fresh is None or stored.all():
            return Tokenized(table, self.encoder, *self._soft(table), weights)
        table, soft, outcomes, live = self.plan.fresh.fill(table, task)
        of_stored, own = self._soft(table.filter(pa.array(stored)))
        soft[stored] = of_stored
        is_own = live | (outcomes != MADE)
        is_own[stored] = True if own is None else own
        return Tokenized(table, self.encoder, soft, is_own, weights, outcomes, live)

    def _soft(self, table: pa.Table) -> tuple[np.ndarray, np.ndarray | None]:
        """Soft labels of stored rows, and which of them are the rows' own; None for all."""
        if self._sources is None:
            return self.data.task.scores(table["teacher_logits"]), None
        return self._sources.of(table)


def _sources(data: SoftLabelled, choice: str | Mapping[str, str]) -> SourceLogits | None:
    """The soft labels of the source examples, for the augmenters whose variants get these."""
    if isinstance(choice, str):
        return SourceLogits(data) if choice == "source" else None
    chosen = [augmenter for augmenter, which in choice.items() if which == "source"]
    return SourceLogits(data, chosen) if chosen else None


def split_pieces(
    data: SoftLabelled,
    split: str,
    encoder: BatchEncoder,
    change: Change | None = None,
    tokens: TokenFiles | None = None,
) -> Iterator[Tokenized]:
    """A whole split once, some thousand rows at a time.

    Args:
        change: of the texts, whose labels stay.
        tokens: of the texts as they are.
    """
    for table in file_tables(data, split, tokens if change is None else None):
        if change is not None:
            texts = pa.array(change(table["text"].to_pylist()), table.schema.field("text").type)
            table = table.set_column(table.schema.get_field_index("text"), "text", texts)
        yield Tokenized(table, encoder, data.task.scores(table["teacher_logits"]))


def split_batches(
    data: SoftLabelled,
    split: str,
    encoder: BatchEncoder,
    size: int,
    change: Change | None = None,
) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """A whole split once, sorted by length within some thousand rows: places and tensors.

    Args:
        change: of the texts, whose labels stay.
    """
    start = 0
    for rows in split_pieces(data, split, encoder, change):
        order = np.argsort(-rows.lengths, kind="stable")
        for i in range(0, len(order), size):
            yield start + order[i : i + size], rows.batch(order[i : i + size])
        start += len(order)
