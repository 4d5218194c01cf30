"""How a task's models read texts and answer: here with one row of numbers a text.

`Tagging` is the other way, with a row for every word.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mashbill.models.settings import Section

if TYPE_CHECKING:
    from tokenizers import Encoding
    from torch import Tensor


class Reading(Section):
    """n is a number of rows, k the number of the task's labels; scores are float32 [n, k].

    Attributes:
        architecture: what the names of model classes end with.
        model_name: what such a model is called.
        one_answer: whether a model answers once a text, by the state of its first token.
        needs_offsets: whether `on_tokens` looks at the offsets of the encodings.
        added: columns that the teacher's answers bring along, and what they say; each is also the
            name of its feature.
    """

    architecture: ClassVar[str] = "ForSequenceClassification"
    model_name: ClassVar[str] = "text classifier"
    one_answer: ClassVar[bool] = True
    needs_offsets: ClassVar[bool] = False
    added: ClassVar[Mapping[str, str]] = {}

    @property
    def auto_class(self) -> Any:
        """Of transformers."""
        from transformers import AutoModelForSequenceClassification

        return AutoModelForSequenceClassification

    # In files

    def scores_feature(self) -> Any:
        """The column `teacher_logits`, as `datasets` names it."""
        from datasets import List, Value

        return List(Value("float32"), length=len(self.labels))

    @property
    def read_scores_type(self) -> pa.DataType:
        """Of the column `teacher_logits` that others may have written."""
        return pa.list_(pa.float32())

    def answer_feature(self) -> Any:
        """The column `teacher_label`, as `datasets` names it."""
        return self.feature()

    def added_features(self) -> dict[str, Any]:
        """The columns of `added`, as `datasets` names them."""
        return {}

    def added_columns(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The same, of rows with text and label."""
        return {}

    def scores(self, column: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """A column `teacher_logits` as numbers."""
        return flat_numbers(column).astype(np.float32).reshape(-1, len(self.labels))

    def scores_column(self, rows: Sequence[np.ndarray]) -> pa.Array:
        """Scores as a column; at least one row."""
        matrix = np.stack(rows).astype(np.float32, copy=False)
        return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])

    def scores_fault(self, rows: pa.RecordBatch) -> tuple[int, str] | None:
        """The first row of which the `teacher_logits` do not fit, and why."""
        column, classes = rows.column("teacher_logits"), len(self.labels)
        lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
        if (lengths != classes).any():
            row = int(np.argmax(lengths != classes))
            return row, f"expected {classes} numbers in teacher_logits, found {lengths[row]}"
        good = np.isfinite(flat_numbers(column).reshape(-1, classes)).all(axis=1)
        if good.all():
            return None
        row = int(np.argmin(good))
        return row, f"teacher_logits are {column[row].as_py()}"

    # Tensors

    def on_tokens(
        self, texts: Sequence[str], encodings: "Sequence[Encoding]", values: np.ndarray
    ) -> "Tensor":
        """Gold labels or scores as the model's logits lie: here, a row a text.

        Args:
            encodings: of the texts; with offsets where `needs_offsets`.
        """
        import torch

        return torch.tensor(values)

    def label_rows(
        self, texts: Sequence[str], encodings: "Sequence[Encoding]", gold: np.ndarray
    ) -> list[Any]:
        """Gold labels of each text as a Trainer takes them; see `on_tokens`."""
        return gold.tolist()

    def collator(self, tokenizer: Any) -> Any:
        """What makes a batch of a Trainer from rows with `labels`."""
        from transformers import DataCollatorWithPadding

        return DataCollatorWithPadding(tokenizer)

    def logits_shape(self, input_ids: "Tensor") -> tuple[int, ...]:
        """Of a model's logits for such a batch."""
        return len(input_ids), len(self.labels)

    def answers_as_gold(self, logits: "Tensor") -> "Tensor":
        """The gold labels with which these logits, as a model gives them, would be right."""
        import torch

        return torch.tensor(self.predict(logits.cpu().numpy()), device=logits.device)

    def of_tokens(
        self, mask: "np.ndarray | Tensor", *values: "np.ndarray | Tensor"
    ) -> tuple[np.ndarray, ...]:
        """Values that lie as `on_tokens` puts them, as arrays; the reverse of it.

        Args:
            mask: scores or gold labels that tell where there are answers.
            values: scores, or gold labels.
        """
        return tuple(np.asarray(value) for value in values)

    def carried(self, of_source: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores of sources as those of their variants, and of which rows they can be (bool [n]).

        Args:
            of_source, own: of sources and variants, row by row.
        """
        return of_source, np.ones(len(own), bool)

    def fits(self, texts: Sequence[str], scores: np.ndarray) -> np.ndarray:
        """Whether each scores can be those of each text, bool [n]."""
        return np.ones(len(texts), bool)

    def blank_scores(self, texts: Sequence[str]) -> np.ndarray:
        """Scores that say nothing of the texts, in the shape that those of a teacher would have."""
        return np.zeros((len(texts), len(self.labels)), np.float32)


def flat_numbers(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """All numbers of a column of lists, or of lists of lists, end to end."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    if not chunks:
        return np.empty(0, np.float32)
    return np.concatenate([_flat(chunk) for chunk in chunks])


def _flat(column: pa.Array) -> np.ndarray:
    while not pa.types.is_floating(column.type):
        column = column.flatten()
    return column.to_numpy(zero_copy_only=False)
