"""A soft-labelled data set on disk: found, and checked before anything is trained on it."""

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mashbill.models.errors import MashbillError, first_line

SPLITS = ("train", "validation", "test")
NEEDED = ("id", "text", "teacher_logits")
ORIGINAL = "none"  # the augmenter of a source example
ROWS_AT_ONCE = 8192
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


@dataclass(frozen=True)
class SplitFiles:
    """The files of one split.

    Attributes:
        paths: sorted by name.
        class_counts: rows of each class, by augmenter and by whether they have a gold label; the
            class is the gold one or, without it, the teacher's.
    """

    paths: tuple[Path, ...]
    class_counts: dict[tuple[str, bool], tuple[int, ...]]

    @property
    def counts(self) -> dict[tuple[str, bool], int]:
        """Rows by augmenter and by whether they have a gold label."""
        return {kind: sum(rows) for kind, rows in self.class_counts.items()}

    def labelled_by_class(self) -> list[int]:
        """Rows of each gold class."""
        known = [rows for (_, has_label), rows in self.class_counts.items() if has_label]
        return [sum(rows) for rows in zip(*known, strict=True)]

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    @property
    def labelled(self) -> int:
        return sum(rows for (_, has_label), rows in self.counts.items() if has_label)

    @property
    def sources(self) -> int:
        return sum(rows for (name, _), rows in self.counts.items() if name == ORIGINAL)

    @property
    def augmenters(self) -> tuple[str, ...]:
        return tuple(sorted({name for name, _ in self.counts}))


@dataclass(frozen=True)
class SoftLabelled:
    """What `open_data` found.

    Attributes:
        folder: that holds `data/`.
        labels: class names, in the order of the logits.
        about: the `mashbill` metadata of the files: fingerprint, teacher, versions.
        pairs: whether rows have a second text.
        splits: those that have files.
    """

    folder: Path
    labels: tuple[str, ...]
    about: dict[str, Any]
    pairs: bool
    splits: dict[str, SplitFiles]

    @property
    def fingerprint(self) -> str | None:
        return self.about.get("fingerprint")


def open_data(
    folder: str,
    labels: Sequence[str],
    needed: Sequence[str] = ("train", "validation"),
    rounds: int | None = None,
) -> SoftLabelled:
    """Finds the files and looks at every row's logits; memory does not grow with the rows.

    Args:
        folder: holds `data/SPLIT-*.parquet`, as `mashbill generate` writes it, or the files; what
            later rounds have added lies in `rounds/NUMBER/` in the same way.
        labels: the classes of the student, in their order.
        needed: splits that must have rows.
        rounds: how many rounds to read; by default, all that are there.

    Raises:
        DataError: a needed split is missing or empty, a file is truncated or lacks a column, the
            classes are others or in another order, logits are null, NaN or infinite, or the files
            come of different recipes.
    """
    root = Path(folder)
    data = root / "data" if (root / "data").is_dir() else root
    folders = [data, *(path / "data" for path in round_folders(root, rounds))]
    paths = {
        split: tuple(path for part in folders for path in sorted(part.glob(f"{split}-*.parquet")))
        for split in SPLITS
    }
    for split in needed:
        if not paths[split]:
            raise DataError(f"{data}: the {split} split is empty: no file {split}-*.parquet")
    schemas = {path: _schema(path) for found in paths.values() for path in found}
    for path, schema in schemas.items():
        _check_columns(path, schema)
        _check_labels(path, schema, labels)
    about = _common_metadata(schemas)
    splits = {split: _scan(found, len(labels)) for split, found in paths.items() if found}
    for split in needed:
        if not splits[split].rows:
            raise DataError(f"{data}: the {split} split is empty: its files have no rows")
    pairs = all("text_pair" in schema.names for schema in schemas.values())
    return SoftLabelled(root, tuple(labels), about, pairs, splits)


def round_folders(root: Path, rounds: int | None = None) -> list[Path]:
    """Where the rounds after the first, up to the number `rounds`, have put their variants."""
    numbers = sorted(int(path.name) for path in root.glob("rounds/*") if path.name.isdecimal())
    chosen = [number for number in numbers if rounds is None or number <= rounds]
    return [root / "rounds" / str(number) for number in chosen]


def _schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: no whole Parquet file: {first_line(error)}") from None


def _check_columns(path: Path, schema: pa.Schema) -> None:
    for name in NEEDED:
        if name not in schema.names:
            hint = "; `mashbill generate` writes it" if name == "teacher_logits" else ""
            raise DataError(f"{path}: no column {name!r}{hint}; it has {', '.join(schema.names)}")
    kind = schema.field("teacher_logits").type
    lists = (pa.types.is_fixed_size_list, pa.types.is_list, pa.types.is_large_list)
    if not any(test(kind) for test in lists) or not pa.types.is_floating(kind.value_type):
        raise DataError(f"{path}: column 'teacher_logits' is {kind}, not a list of floats")


def _check_labels(path: Path, schema: pa.Schema, wanted: Sequence[str]) -> None:
    found = class_names(schema)
    if found is None:
        raise DataError(
            f"{path}: its metadata names no classes, so their order cannot be checked "
            "(key `mashbill` with `labels`, or a ClassLabel of `datasets`)"
        )
    if len(found) != len(wanted):
        raise DataError(
            f"{path}: {len(found)} classes ({', '.join(found)}); "
            f"the recipe has {len(wanted)} labels ({', '.join(wanted)})"
        )
    if list(found) != list(wanted):
        raise DataError(
            f"{path}: the logits are in the order {', '.join(found)}; "
            f"the recipe's labels are {', '.join(wanted)}"
        )


def class_names(schema: pa.Schema) -> list[str] | None:
    """The classes that a file's metadata names, in the order of the logits; None if it has none."""
    ours = _metadata(schema, b"mashbill")
    if "labels" in ours:
        return ours["labels"]
    features = _metadata(schema, b"huggingface").get("info", {}).get("features", {})
    for column in ("teacher_label", "label"):
        if names := features.get(column, {}).get("names"):
            return names
    return None


def _metadata(schema: pa.Schema, key: bytes) -> dict[str, Any]:
    return json.loads((schema.metadata or {}).get(key, b"{}"))


def _common_metadata(schemas: dict[Path, pa.Schema]) -> dict[str, Any]:
    first, *others = schemas
    about = _metadata(schemas[first], b"mashbill")
    for path in others:
        ours = _metadata(schemas[path], b"mashbill")
        found = ours.get("adds_to") or ours.get("fingerprint")
        if found != about.get("fingerprint"):
            raise DataError(
                f"{path}: made by another recipe than {first.name} (fingerprint {found} against "
                f"{about.get('fingerprint')}); generate the data set anew into one folder"
            )
    return about


def _scan(paths: Sequence[Path], classes: int) -> SplitFiles:
    counts: Counter[tuple[str, bool, int]] = Counter()
    for path in paths:
        start = 0
        for batch in read_batches(path, ("id", "teacher_logits", "label", "augmenter")):
            _check_logits(path, batch.column("teacher_logits"), classes, start)
            start += batch.num_rows
            table = complete(batch)
            _check_gold(path, table["label"], classes)
            logits = batch.column("teacher_logits").flatten().to_numpy(zero_copy_only=False)
            best = logits.reshape(-1, classes).argmax(axis=1)
            counts.update(
                zip(
                    table["augmenter"].to_pylist(),
                    table["label"].is_valid().to_pylist(),
                    pc.coalesce(table["label"], pa.array(best, pa.int64())).to_pylist(),
                    strict=True,
                )
            )
    kinds = dict.fromkeys((augmenter, labelled) for augmenter, labelled, _ in counts)
    by_class = {kind: tuple(counts[*kind, i] for i in range(classes)) for kind in kinds}
    return SplitFiles(tuple(paths), by_class)


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


def complete(batch: pa.RecordBatch) -> pa.Table:
    """The columns there are, with those filled in that a data set may lack: without them, rows are
    source examples of weight 1 without a gold label."""
    rows, names = batch.num_rows, batch.schema.names
    columns = {name: batch.column(name) for name in names}
    columns.setdefault("source_id", columns["id"])
    columns.setdefault("augmenter", pa.array([ORIGINAL] * rows, pa.string()))
    columns.setdefault("weight", pa.array(np.ones(rows, np.float32)))
    columns.setdefault("text_pair", pa.nulls(rows, pa.string()))
    columns.setdefault("label", pa.nulls(rows, pa.int64()))
    kinds = {field.name: field.type for field in COLUMNS}
    return pa.table({name: columns[name].cast(kinds[name]) for name in kinds if name in columns})


def _check_logits(path: Path, column: pa.Array, classes: int, start: int) -> None:
    if column.null_count:
        row = start + pc.index(pc.is_null(column), True).as_py()
        raise DataError(f"{path}: row {row} has no teacher_logits")
    logits = column.flatten()
    if len(logits) != classes * len(column):
        raise DataError(f"{path}: teacher_logits are not {classes} numbers in every row")
    good = np.isfinite(logits.to_numpy(zero_copy_only=False)).reshape(-1, classes).all(axis=1)
    if not good.all():
        row = int(np.argmin(good))
        raise DataError(f"{path}: row {start + row}: teacher_logits are {column[row].as_py()}")


def _check_gold(path: Path, labels: pa.ChunkedArray, classes: int) -> None:
    found = pc.min_max(labels).as_py()
    if found["min"] is not None and not 0 <= found["min"] <= found["max"] < classes:
        raise DataError(
            f"{path}: gold labels from {found['min']} to {found['max']}; "
            f"allowed are 0 to {classes - 1}"
        )


def check_augmenters(data: SoftLabelled, setting: str, names: Iterable[str]) -> None:
    """Raises DataError if a setting names an augmenter that no train row has."""
    known = data.splits["train"].augmenters
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            there = ", ".join(sorted(known))
            raise DataError(f"{setting}: no train row is by {name!r}{hint}; there are {there}")
