"""From pieces of the train split to batches of tensors: near-equal lengths, resumable."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from tokenizers import Encoding
from torch.utils.data import IterableDataset
from transformers import PreTrainedTokenizerFast

from mashbill.models.batching import TokenRows, moved_to, to_device
from mashbill.models.distill.choosing import Change
from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.fresh import MADE, STORED, Fresh
from mashbill.models.distill.rows import ORIGINAL
from mashbill.models.distill.step import Rows
from mashbill.models.distill.stream import (
    GROUP,
    TURN,
    Selection,
    SourceLogits,
    file_tables,
    numbered,
    shuffled,
)
from mashbill.models.distill.token_files import TOKENS, TYPES, TokenFiles, ragged_of
from mashbill.models.tasks.base import Task
from mashbill.models.tokenizing import TextTokenizer
from mashbill.models.word_tokens import Ragged

BATCHES_PER_PIECE = 32  # sorted by length together: more saves padding, fewer mix better
CPU = torch.device("cpu")


class Tokenized:
    """The rows of a table as tensors, gathered into batches."""

    def __init__(
        self,
        table: pa.Table,
        encoder: "BatchEncoder",
        teacher_logits: np.ndarray,
        own: np.ndarray | None = None,
        class_weights: Sequence[float] | None = None,
        fresh: np.ndarray | None = None,
        live: np.ndarray | None = None,
    ) -> None:
        new = None if fresh is None else fresh != STORED
        ids, types, encodings = encoder.encode(table, new)
        self.tokens = TokenRows(ids, encoder.pad_id, CPU)
        self.types = TokenRows(types, 0, CPU) if encoder.keeps_types else None
        self.uses_types = encoder.uses_types
        self.device = CPU
        task, rows = encoder.task, table.num_rows
        texts = table["text"].to_pylist() if task.needs_offsets else ()
        labels = task.inward(task.gold_of(table))
        names, known = table["augmenter"], pa.array(encoder.augmenters, pa.string())
        self.sources = numbered(table[GROUP if GROUP in table.column_names else "source_id"])
        self.known = Rows(
            labels=task.on_tokens(texts, encodings, labels),
            teacher_logits=task.on_tokens(texts, encodings, task.inward(teacher_logits)),
            weight=torch.tensor(_weights(table, task, class_weights)),
            plain=torch.tensor(_weights(table, task, None)),
            own=torch.tensor(np.ones(rows, bool) if own is None else own),
            source=torch.tensor(self.sources).long(),
            variant=torch.tensor(pc.not_equal(names, ORIGINAL).to_numpy()),
            augmenter=torch.tensor(pc.index_in(names, known).to_numpy()).long(),
            fresh=torch.tensor(np.full(rows, STORED) if fresh is None else fresh),
            live=torch.tensor(np.zeros(rows, bool) if live is None else live),
        )

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each row, int64 [rows]."""
        return self.tokens.lengths

    def to(self, device: torch.device) -> "Tokenized":
        """The same on a device, in one copy for each column."""
        moved = copy(self)
        moved.device, moved.tokens = device, self.tokens.to(device)
        moved.types = None if self.types is None else self.types.to(device)
        moved.known = Rows(*(moved_to(column, device) for column in self.known))
        return moved

    def batch(self, rows: np.ndarray, width: int | None = None) -> dict[str, Any]:
        """The `inputs` and `rows` of a `Step`, on the device where the rows are.

        Args:
            width: that they are padded to; by default, the longest row's.
        """
        places = to_device(rows, self.device)
        width = int(self.lengths[rows].max()) if width is None else width
        ids, mask = self.tokens.gather(places, width)
        inputs = {"input_ids": ids, "attention_mask": mask}
        if self.uses_types:
            alone = self.types is None
            kinds = torch.zeros_like(ids) if alone else self.types.gather(places, width)[0]
            inputs["token_type_ids"] = kinds
        return {"inputs": inputs, "rows": self.known.take(places)}


class Piece(NamedTuple):
    """Rows that were shuffled together. Attributes: `groups`, the places of each batch's rows."""

    rows: Tokenized
    groups: Sequence[np.ndarray]

    def to(self, device: torch.device) -> "Piece":
        return self._replace(rows=self.rows.to(device))

    def batches(self) -> Iterator[dict[str, Any]]:
        """See `Tokenized.batch`."""
        return map(self.rows.batch, self.groups)


class Encoded(NamedTuple):
    """Texts as token ids and, where `keeps_types`, types; and as encodings for a task that needs
    their offsets."""

    ids: Ragged
    types: Ragged | None
    encodings: Sequence[Encoding] = ()


class BatchEncoder:
    """Texts of a data set to token ids; `augmenters` names those of its rows, in order.

    Args:
        task: in the units of the training; that of the data set where it has none of its own.
        makers: augmenters of which there will be rows beside those of the data set.
    """

    def __init__(
        self,
        data: SoftLabelled,
        tokenizer: PreTrainedTokenizerFast,
        max_length: int,
        task: Task | None = None,
        makers: Iterable[str] = (),
    ):
        self.task = data.task if task is None else task
        self.rules = tokenizer.backend_tokenizer.to_str()
        self.max_length = max_length
        self._tokenizer = TextTokenizer(tokenizer.backend_tokenizer, max_length)
        self.pad_id = tokenizer.pad_token_id
        self.uses_types = "token_type_ids" in tokenizer.model_input_names
        self.keeps_types = self.uses_types and data.pairs
        found = {name for files in data.splits.values() for name in files.augmenters}
        self.augmenters = tuple(sorted(found.union(makers)))

    def encode(self, table: pa.Table, new: np.ndarray | None = None) -> "Encoded":
        """The tokens of each row: those that come with the table, or what its texts are made into.

        Args:
            new: the rows whose texts are not those that the table's tokens are of, bool [rows].
        """
        if TOKENS not in table.column_names:
            return self._made(table)
        ids = ragged_of(table[TOKENS])
        types = ragged_of(table[TYPES]) if self.keeps_types else None
        if new is not None and new.any():
            made = self._made(table.filter(pa.array(new)))
            ids = ids.replaced(new, made.ids)
            types = types and types.replaced(new, made.types)
        return Encoded(ids, types)

    def _made(self, table: pa.Table) -> "Encoded":
        texts, pairs = table["text"].to_pylist(), table["text_pair"]
        alone = pairs.null_count == len(pairs)
        if alone and not self.task.needs_offsets:
            ids = self._tokenizer.rows(texts)
            types = Ragged(np.zeros_like(ids.flat), ids.lengths) if self.keeps_types else None
            return Encoded(ids, types)
        second = None if alone else pairs.fill_null("").to_pylist()
        found = self._tokenizer.encode(texts, second, offsets=self.task.needs_offsets)
        ids, types = (Ragged.of([getattr(e, name) for e in found]) for name in ("ids", "type_ids"))
        return Encoded(ids, types if self.keeps_types else None, found)


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


def _weights(table: pa.Table, task: Task, class_weights: Sequence[float] | None) -> np.ndarray:
    """float32 [rows]."""
    weight = table["weight"].to_numpy()
    if class_weights is None:
        return weight
    teacher = task.scores(table["teacher_logits"]).argmax(axis=1)
    label = table["label"].to_pylist()
    places = [best if gold is None else gold for gold, best in zip(label, teacher, strict=True)]
    return weight * np.array(class_weights, np.float32)[places]


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
