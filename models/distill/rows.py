"""The rows of a soft-labelled Parquet file: filled in where a column is missing, and checked."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mashbill.models.errors import MashbillError, first_line
from mashbill.models.tasks.base import Task
from mashbill.models.tasks.reading import flat_numbers

ORIGINAL = "none"  # the augmenter of a source example
ROWS_AT_ONCE = 8192
LEAST_PROBABILITY = 1e-7  # its logarithm stands for that of 0
ROUNDING = 1e-3  # by which probabilities of a row may miss 1
COLUMNS = (
    "id",
    "source_id",
    "text",
    "text_pair",
    "label",
    "augmenter",
    "teacher_logits",
    "weight",
)


class DataError(MashbillError):
    """A data set that no student can be trained on."""


class RowReader(NamedTuple):
    """How the columns of a data set are taken.

    Attributes:
        task: of the data set; a gold label may be a name or an index.
        probabilities: `teacher_logits` holds probabilities, whose logarithms are the logits.
    """

    task: Task
    probabilities: bool = False

    @property
    def schema(self) -> pa.Schema:
        """Of the tables that it gives: `COLUMNS`."""
        kinds = {
            **dict.fromkeys(COLUMNS, pa.string()),
            "label": self.task.stored_type,
            "teacher_logits": self.task.read_scores_type,
            "weight": pa.float32(),
        }
        return pa.schema(list(kinds.items()))

    def complete(self, batch: pa.RecordBatch) -> pa.Table:
        """The columns there are, with those filled in that a data set may lack: without them, rows
        are source examples of weight 1 without a gold label."""
        rows, names = batch.num_rows, batch.schema.names
        columns = {name: batch.column(name) for name in names}
        columns.setdefault("source_id", columns["id"])
        columns.setdefault("augmenter", pa.array([ORIGINAL] * rows, pa.string()))
        columns.setdefault("weight", pa.array(np.ones(rows, np.float32)))
        columns.setdefault("text_pair", pa.nulls(rows, pa.string()))
        if "label" in columns:
            columns["label"] = self.task.read(columns["label"])
        columns.setdefault("label", pa.nulls(rows, self.task.stored_type))
        if self.probabilities:
            columns["teacher_logits"] = _logarithms(columns["teacher_logits"])
        kinds = {field.name: field.type for field in self.schema}
        chosen = [name for name in kinds if name in columns]
        return pa.table({name: columns[name].cast(kinds[name]) for name in chosen})

    def check(self, path: Path, batch: pa.RecordBatch, start: int) -> None:
        """Raises DataError that names the first row, from 0 in the file, and the column at fault.

        Args:
            batch: with its columns as they are in the file.
            start: the place of its first row.
        """
        for name in ("id", "text", "teacher_logits", "weight", "source_id", "augmenter"):
            if name in batch.schema.names and batch.column(name).null_count:
                row = start + pc.index(pc.is_null(batch.column(name)), True).as_py()
                raise DataError(f"{path}: row {row} has no {name}")
        if (fault := self.task.scores_fault(batch)) is not None:
            row, why = fault
            raise DataError(f"{path}: row {start + row}: {why}")
        if "label" in batch.schema.names:
            self._check_gold(path, batch.column("label"), start)

    def _check_gold(self, path: Path, column: pa.Array, start: int) -> None:
        if (row := self.task.odd(column)) >= 0:
            raise DataError(
                f"{path}: row {start + row}: the gold label is {column[row].as_py()!r}; "
                f"allowed are {self.task.allowed}"
            )


def read_batches(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The named columns, as far as the file has them, some thousand rows at a time.

    Raises DataError if the file is damaged.
    """
    try:
        with pq.ParquetFile(path) as file:
            there = [name for name in columns if name in file.schema_arrow.names]
            yield from file.iter_batches(ROWS_AT_ONCE, columns=there)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: damaged: {first_line(error)}") from None


def are_probabilities(column: pa.Array, classes: int) -> bool:
    """Whether no number is negative and every row sums to 1."""
    scores = flat_numbers(column).reshape(-1, classes)
    return bool((scores >= 0).all() and (np.abs(scores.sum(axis=1) - 1) < ROUNDING).all())


def _logarithms(column: pa.Array) -> pa.Array:
    if pa.types.is_floating(column.type):
        numbers = column.to_numpy(zero_copy_only=False).astype(np.float32)
        return pa.array(np.log(np.maximum(numbers, LEAST_PROBABILITY)))
    offsets = np.concatenate([[0], np.cumsum(pc.list_value_length(column).to_numpy())])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), _logarithms(column.flatten()))
