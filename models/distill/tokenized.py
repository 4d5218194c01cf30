"""Rows of a data set as tokens and what is known of them, from which batches are put together."""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from tokenizers import Encoding
from transformers import PreTrainedTokenizerFast

from mashbill.models.batching import TokenRows, moved_to, to_device
from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.fresh import STORED
from mashbill.models.distill.rows import ORIGINAL
from mashbill.models.distill.step import Rows
from mashbill.models.distill.stream import GROUP, numbered
from mashbill.models.distill.token_files import TOKENS, TYPES, ragged_of
from mashbill.models.tasks.base import Task
from mashbill.models.tokenizing import TextTokenizer
from mashbill.models.word_tokens import Ragged

CPU = torch.device("cpu")


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


def _weights(table: pa.Table, task: Task, class_weights: Sequence[float] | None) -> np.ndarray:
    """float32 [rows]."""
    weight = table["weight"].to_numpy()
    if class_weights is None:
        return weight
    teacher = task.scores(table["teacher_logits"]).argmax(axis=1)
    label = table["label"].to_pylist()
    places = [best if gold is None else gold for gold, best in zip(label, teacher, strict=True)]
    return weight * np.array(class_weights, np.float32)[places]
