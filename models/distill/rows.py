"""The rows of a soft-labelled Parquet file: filled in where a column is missing, and checked."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mashbill.models.errors import MashbillError, first_line

ORIGINAL = "none"  # the augmenter of a source example
ROWS_AT_ONCE = 8192
LEAST_PROBABILITY = 1e-7  # its logarithm stands for that of 0
ROUNDING = 1e-3  # by which probabilities of a row may miss 1
COLUMNS = pa.schema(
    [
        ("id", pa.string()),
        ("source_id", pa.string()),
        ("text", pa.string()),
        ("text_pair", pa.string()),
        ("label", pa.int64()),
        ("augmenter", pa.string()),
        ("teacher_logits", pa.list_(pa.float32())),
        ("weight", pa.float32()),
    ]
)


class DataError(MashbillError):
    """A data set that no student can be trained on."""


class RowReader(NamedTuple):
    """How the columns of a data set are taken.

    Attributes:
        labels: class names, in the order of the scores; a gold label may be a name or an index.
        probabilities: `teacher_logits` holds probabilities, whose logarithms are the logits.
    """

    labels: tuple[str, ...]
    probabilities: bool = False

    def complete(self, batch: pa.RecordBatch) -> pa.Table:
        """The columns there are, with those filled in that a data set may lack: without them, rows
        are source examples of weight 1 without a gold label."""
        rows, names = batch.num_rows, batch.schema.names
        columns = {name: batch.column(name) for name in names}
        columns.setdefault("source_id", columns["id"])
        columns.setdefault("augmenter", pa.array([ORIGINAL] * rows, pa.string()))
        columns.setdefault("weight", pa.array(np.ones(rows, np.float32)))
        columns.setdefault("text_pair", pa.nulls(rows, pa.string()))
        columns.setdefault("label", pa.nulls(rows, pa.int64()))
        columns["label"] = self._indices(columns["label"])
        if self.probabilities:
            columns["teacher_logits"] = _logarithms(columns["teacher_logits"])
        kinds = {field.name: field.type for field in COLUMNS}
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
        self._check_scores(path, batch.column("teacher_logits"), start)
        if "label" in batch.schema.names:
            self._check_gold(path, batch.column("label"), start)

    def _check_scores(self, path: Path, column: pa.Array, start: int) -> None:
        classes = len(self.labels)
        lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
        if (lengths != classes).any():
            row = int(np.argmax(lengths != classes))
            raise DataError(
                f"{path}: teacher_logits are not {classes} numbers in every row: "
                f"row {start + row} has {lengths[row]}"
            )
        good = np.isfinite(_matrix(column, classes)).all(axis=1)
        if not good.all():
            row = int(np.argmin(good))
            raise DataError(f"{path}: row {start + row}: teacher_logits are {column[row].as_py()}")

    def _check_gold(self, path: Path, column: pa.Array, start: int) -> None:
        if pa.types.is_floating(column.type):
            odd = pc.and_(column.is_valid(), pc.not_equal(pc.floor(column), column))
        else:
            found = self._indices(column)
            within = pc.and_(pc.greater_equal(found, 0), pc.less(found, len(self.labels)))
            odd = pc.and_(column.is_valid(), pc.invert(pc.fill_null(within, False)))
        if (row := pc.index(pc.fill_null(odd, False), True).as_py()) >= 0:
            raise DataError(
                f"{path}: row {start + row}: the gold label is {column[row].as_py()!r}; "
                f"allowed are 0 to {len(self.labels) - 1}, or {', '.join(self.labels)}"
            )

    def _indices(self, labels: pa.Array) -> pa.Array:
        """Names to their places; anything else as it is."""
        if pa.types.is_dictionary(labels.type):
            labels = labels.dictionary_decode()
        if not (pa.types.is_string(labels.type) or pa.types.is_large_string(labels.type)):
            return labels.cast(pa.int64())
        return pc.index_in(labels.cast(pa.string()), pa.array(self.labels)).cast(pa.int64())


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
    scores = _matrix(column, classes)
    return bool((scores >= 0).all() and (np.abs(scores.sum(axis=1) - 1) < ROUNDING).all())


def _logarithms(column: pa.Array) -> pa.Array:
    flat = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(pc.list_value_length(column).to_numpy())])
    logits = np.log(np.maximum(flat, LEAST_PROBABILITY))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(logits))


def _matrix(column: pa.Array, classes: int) -> np.ndarray:
    return column.flatten().to_numpy(zero_copy_only=False).reshape(-1, classes)
