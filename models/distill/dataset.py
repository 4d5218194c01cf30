"""A soft-labelled data set on disk: found, and checked before anything is trained on it."""

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mashbill.models.distill.rows import (
    COLUMNS,
    ORIGINAL,
    DataError,
    RowReader,
    are_probabilities,
    read_batches,
)
from mashbill.models.distill.whole import check_parts, check_whole, content_fingerprint
from mashbill.models.errors import first_line
from mashbill.models.tasks.base import Task

SPLITS = ("train", "validation", "test")
NEEDED = ("id", "text", "teacher_logits")


@dataclass(frozen=True)
class SplitFiles:
    """The files of one split.

    Attributes:
        paths: sorted by name.
        counts: rows by augmenter and by whether they have a gold label.
        tallies: of the same rows, see `Task.tally`; of the gold labels or, without them, of the
            teacher's answers.
    """

    paths: tuple[Path, ...]
    counts: dict[tuple[str, bool], int]
    tallies: dict[tuple[str, bool], np.ndarray]

    def labelled_tally(self) -> np.ndarray | int:
        """Of all gold labels; 0 where there are none."""
        return sum(found for (_, has_label), found in self.tallies.items() if has_label)

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
        task: whose labels the rows have.
        about: the `mashbill` metadata of the files: fingerprint, teacher, versions.
        pairs: whether rows have a second text.
        splits: those that have files.
        reader: how their columns are taken.
        drawn_from: other files that have all of the train rows, by their ids: a pool, of which this
            is a part.
    """

    folder: Path
    task: Task
    about: dict[str, Any]
    pairs: bool
    splits: dict[str, SplitFiles]
    reader: RowReader
    drawn_from: tuple[Path, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the teacher's numbers, in their order."""
        return self.task.labels

    @property
    def fingerprint(self) -> str | None:
        return self.about.get("fingerprint")


def open_data(
    folder: str,
    task: Task,
    needed: Sequence[str] = ("train", "validation"),
    rounds: int | None = None,
    probabilities: bool = False,
) -> SoftLabelled:
    """Finds the files and looks at every row's logits; memory does not grow with the rows.

    Args:
        folder: holds `data/SPLIT-*.parquet`, as `mashbill generate` writes it, or the files; what
            later rounds have added lies in `rounds/NUMBER/` in the same way.
        task: of the student.
        needed: splits that must have rows.
        rounds: how many rounds to read; by default, all that are there.
        probabilities: takes the scores for probabilities, not logits.

    Raises:
        DataError: there is nothing, a needed split is missing or empty, a shard is not finished, a
            file is truncated or lacks a column, the classes are others or in another order, a row
            has a null or scores that do not fit, or the files come of different recipes.
    """
    root = Path(folder)
    data = root / "data" if (root / "data").is_dir() else root
    runs = [check_whole(path) for path in (root, *round_folders(root, rounds))]
    folders = [data, *(path / "data" for path in round_folders(root, rounds))]
    paths = {
        split: tuple(path for part in folders for path in sorted(part.glob(f"{split}-*.parquet")))
        for split in SPLITS
    }
    if not any(paths.values()):
        raise DataError(f"{folder}: no file SPLIT-*.parquet; mashbill generate writes a data set")
    for split in needed:
        if not paths[split]:
            raise DataError(f"{data}: the {split} split is empty: no file {split}-*.parquet")
    schemas = {path: _schema(path) for found in paths.values() for path in found}
    for path, schema in schemas.items():
        _check_columns(path, schema, task)
        _check_labels(path, schema, task)
    about = _common_metadata(schemas, runs[0])
    every = [path for found in paths.values() for path in found]
    if about.get("fingerprint") is None:
        for found in paths.values():
            check_parts(found)
        about = {**about, "fingerprint": f"content {content_fingerprint(every)}"}
    reader = RowReader(task, probabilities)
    scores = KindOfScores(len(task.labels))
    splits = {split: _scan(found, reader, scores) for split, found in paths.items() if found}
    scores.check(root, probabilities)
    for split in needed:
        if not splits[split].rows:
            raise DataError(f"{data}: the {split} split is empty: its files have no rows")
    pairs = all("text_pair" in schema.names for schema in schemas.values())
    return SoftLabelled(root, task, about, pairs, splits, reader)


def round_folders(root: Path, rounds: int | None = None) -> list[Path]:
    """Where the rounds after the first, up to the number `rounds`, have put their variants."""
    numbers = sorted(int(path.name) for path in root.glob("rounds/*") if path.name.isdecimal())
    chosen = [number for number in numbers if rounds is None or number <= rounds]
    return [root / "rounds" / str(number) for number in chosen]


def _schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a complete Parquet file: {first_line(error)}") from None


def _check_columns(path: Path, schema: pa.Schema, task: Task) -> None:
    for name in NEEDED:
        if name not in schema.names:
            hint = "; `mashbill generate` writes it" if name == "teacher_logits" else ""
            raise DataError(f"{path}: no column {name!r}{hint}; it has {', '.join(schema.names)}")
    kind = schema.field("teacher_logits").type
    lists = (pa.types.is_fixed_size_list, pa.types.is_list, pa.types.is_large_list)
    wanted = task.read_scores_type
    while pa.types.is_list(wanted) and any(test(kind) for test in lists):
        wanted, kind = wanted.value_type, kind.value_type
    if pa.types.is_list(wanted) or not pa.types.is_floating(kind):
        found = schema.field("teacher_logits").type
        what = "a list of floats" if task.one_answer else "a list of lists of floats"
        raise DataError(f"{path}: column 'teacher_logits' is {found}, not {what}")


def _check_labels(path: Path, schema: pa.Schema, task: Task) -> None:
    kind = _metadata(schema, b"mashbill").get("task", {}).get("kind", task.kind)
    if kind != task.kind:
        raise DataError(f"{path}: written for the task {kind}; the recipe's is {task.kind}")
    named_by_us = "labels" in _metadata(schema, b"mashbill")
    found, wanted = class_names(schema), task.named if named_by_us else task.labels
    if found is None and not task.names_stand_in_files:
        return
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
    for column in ("teacher_label", "label", "ner_tags"):
        feature = features.get(column) or {}
        feature = feature[0] if isinstance(feature, list) else feature
        if names := feature.get("feature", feature).get("names"):
            return names
    return None


def _metadata(schema: pa.Schema, key: bytes) -> dict[str, Any]:
    return json.loads((schema.metadata or {}).get(key, b"{}"))


def _common_metadata(schemas: dict[Path, pa.Schema], run: str | None) -> dict[str, Any]:
    first, *others = schemas
    about = _metadata(schemas[first], b"mashbill")
    if run is not None and about.get("fingerprint") != run:
        raise DataError(
            f"{first}: written by another run (fingerprint "
            f"{about.get('fingerprint')}) than the one in the folder ({run}); "
            "generate the data set again"
        )
    for path in others:
        ours = _metadata(schemas[path], b"mashbill")
        found = ours.get("adds_to") or ours.get("fingerprint")
        if found != about.get("fingerprint"):
            raise DataError(
                f"{path}: written with another recipe than {first.name} (fingerprint "
                f"{found} against {about.get('fingerprint')}); generate the data set "
                "again into one folder"
            )
    return about


def _scan(paths: Sequence[Path], reader: RowReader, scores: "KindOfScores") -> SplitFiles:
    task = reader.task
    counts: Counter[tuple[str, bool]] = Counter()
    tallies: dict[tuple[str, bool], np.ndarray] = {}
    for path in paths:
        start = 0
        for batch in read_batches(path, COLUMNS):
            reader.check(path, batch, start)
            scores.look(batch)
            start += batch.num_rows
            table = reader.complete(batch)
            answers = task.predict(task.scores(table["teacher_logits"]))
            gold = task.gold_or(task.gold_of(table), answers)
            labelled = table["label"].is_valid().to_pylist()
            kinds = list(zip(table["augmenter"].to_pylist(), labelled, strict=True))
            counts.update(kinds)
            for kind in set(kinds):
                rows = [place for place, one in enumerate(kinds) if one == kind]
                tallies[kind] = tallies.get(kind, 0) + task.tally(gold[rows])
    return SplitFiles(tuple(paths), dict(counts), tallies)


class KindOfScores:
    """Tells probabilities from logits: these never sum to 1 in every row, and those always do."""

    def __init__(self, classes: int):
        self.classes = classes
        self.sum_to_one: bool | None = None  # None: no row was looked at

    def look(self, batch: pa.RecordBatch) -> None:
        """Of logits the first batch already tells, so the others are passed over."""
        if self.sum_to_one is not False and batch.num_rows:
            self.sum_to_one = are_probabilities(batch.column("teacher_logits"), self.classes)

    def check(self, root: Path, probabilities: bool) -> None:
        """Raises DataError where the scores are not what they are said to be."""
        if self.sum_to_one and not probabilities:
            raise DataError(
                f"{root}: no number in teacher_logits is negative and every row sums to 1: they "
                "look like probabilities; set distill.data.scores: probabilities"
            )
        if self.sum_to_one is False and probabilities:
            raise DataError(
                f"{root}: distill.data.scores is probabilities, but a row of teacher_logits has a "
                "negative number or does not sum to 1"
            )


def check_augmenters(data: SoftLabelled, setting: str, names: Iterable[str]) -> None:
    """Raises DataError if a setting names an augmenter that no train row has."""
    known = data.splits["train"].augmenters
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            there = ", ".join(sorted(known))
            raise DataError(f"{setting}: no train row is by {name!r}{hint}; available: {there}")
