"""What a finished data set holds: counts and balance, read in bounded memory."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.base import Task
from mashbill.pipelines.draws import by_reason
from mashbill.pipelines.output import round_folder, rounds_of
from mashbill.transforms.contract import NOT_MADE
from mashbill.transforms.credentials import check_credentials
from mashbill.transforms.examples import ORIGINAL, SPLITS
from mashbill.transforms.files import exists, names_in, read_bytes
from mashbill.transforms.streams import open_plain

SHARD_FILE = re.compile(rf"(?P<split>{'|'.join(SPLITS)})-\d{{5}}-of-\d{{5}}\.parquet")


class Stage(NamedTuple):
    """What one stage did to the rows. Attributes: `lost`, reason to rows; the rest are rows."""

    name: str
    rows_in: int | None
    made: int | None
    lost: dict[str, int]
    rows_out: int | None


class Group(NamedTuple):
    """The written rows that share a split or an augmenter.

    Attributes:
        by_label: what `Task.balance` says of the labelled rows.
        unlabelled: rows without a gold label.
        agreement: the share of labelled source examples whose gold label the teacher gives; None
            without any. Variants do not count: filters have chosen them by just that.
    """

    name: str
    rows: int
    by_label: dict[str, int | float]
    unlabelled: int
    agreement: float | None


def read_run(out: str) -> dict[str, Any]:
    """What `run.json` holds; raises MashbillError where there is none."""
    check_credentials("the data set", out, writes=True)
    path = FileSystems.join(out, "run.json")
    if not exists(path):
        made = any(True for _ in names_in(FileSystems.join(out, "data")))
        last = f"if all shards are finished, run mashbill finalize {out}"
        first = "mashbill generate writes a data set"
        raise MashbillError(f"{out}: no run.json; {last if made else first}")
    try:
        return orjson.loads(read_bytes(path))
    except orjson.JSONDecodeError as error:
        raise MashbillError(f"{path}: not JSON: {error}") from None


def stages(counts: Mapping[str, Any]) -> list[Stage]:
    """The stages of `run.json`'s counts in their order, without `write`."""
    in_order = []
    for name, stage in counts.items():
        if name == "write":
            continue
        names = ("blank", *NOT_MADE)
        lost = {**stage.get("dropped", {}), **{why: stage[why] for why in names if why in stage}}
        lost |= by_reason(stage)
        rows_in = stage.get("in", stage.get("rows"))
        lost = {why: rows for why, rows in lost.items() if rows}
        in_order.append(Stage(name, rows_in, stage.get("variants"), lost, stage.get("out")))
    return in_order


def written(counts: Mapping[str, Any]) -> dict[str, int]:
    """Split to rows."""
    rows = counts.get("write", {})
    return {split: rows[split] for split in SPLITS if split in rows}


def parquet_files(out: str) -> Iterator[tuple[str, str]]:
    """Split and path of every file of the data set, with what later rounds have added."""
    for folder in (out, *(round_folder(out, number) for number in rounds_of(out))):
        for path in names_in(FileSystems.join(folder, "data")):
            if shard_file := SHARD_FILE.fullmatch(FileSystems.split(path)[1]):
                yield shard_file["split"], path


@dataclass
class _Sums:
    """What is known of the rows of a split and augmenter. Attributes: `labelled` rows."""

    rows: int = 0
    labelled: int = 0
    tally: Any = 0
    right: int = 0

    def add(self, other: "_Sums") -> None:
        self.rows += other.rows
        self.labelled += other.labelled
        self.tally = self.tally + other.tally
        self.right += other.right


class Counts(Protocol):
    """What is gathered of all rows. Attributes: `columns` that it looks at."""

    columns: Sequence[str]

    def add(self, split: str, batch: pa.RecordBatch) -> None:
        """Some rows of a split, with the columns that are there."""


def batches(out: str, columns: Iterable[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Every row of a data set with its split, some thousand at a time; columns that are there."""
    wanted = set(columns)
    for split, path in parquet_files(out):
        with open_plain(path) as file:
            parquet = pq.ParquetFile(file)
            there = [name for name in parquet.schema_arrow.names if name in wanted]
            for batch in parquet.iter_batches(columns=there):
                yield split, batch


def balance(out: str, task: Task) -> tuple[list[Group], list[Group]]:
    """The written rows by split, and by augmenter with the source examples first."""
    counted = Balance(task)
    for split, batch in batches(out, counted.columns):
        counted.add(split, batch)
    return counted.groups()


class Balance:
    """Counts rows by split and by augmenter."""

    def __init__(self, task: Task):
        self.task = task
        self.columns = ("augmenter", "teacher_label", *task.gold_columns)
        self._sums: dict[tuple[str, str], _Sums] = {}

    def add(self, split: str, batch: pa.RecordBatch) -> None:
        for augmenter, sums in _sums(batch, self.task):
            self._sums.setdefault((split, augmenter), _Sums()).add(sums)

    def groups(self) -> tuple[list[Group], list[Group]]:
        """By split, and by augmenter with the source examples first."""
        by_split, by_augmenter = (_groups(self._sums, place, self.task) for place in (0, 1))
        return (
            sorted(by_split, key=lambda group: SPLITS.index(group.name)),
            sorted(by_augmenter, key=lambda group: (group.name != ORIGINAL, group.name)),
        )


def _sums(batch: pa.RecordBatch, task: Task) -> Iterator[tuple[str, _Sums]]:
    augmenters = batch["augmenter"].cast(pa.string())
    gold, teacher = task.gold_of(batch), task.gold(batch["teacher_label"])
    known, right = task.known(gold), task.agree(gold, teacher)
    for augmenter in augmenters.unique().to_pylist():
        mine = pc.equal(augmenters, augmenter).to_numpy(zero_copy_only=False)
        labelled = int((mine & known).sum())
        yield (
            augmenter,
            _Sums(int(mine.sum()), labelled, task.tally(gold[mine]), int((mine & right).sum())),
        )


def _groups(sums: Mapping[tuple[str, str], _Sums], place: int, task: Task) -> list[Group]:
    """Groups of rows that share what stands at `place` of the keys."""
    groups = []
    for name in {key[place] for key in sums}:
        own, sources = _Sums(), _Sums()
        for key, ids in sums.items():
            if key[place] == name:
                own.add(ids)
                if key[1] == ORIGINAL:
                    sources.add(ids)
        right = sources.right / sources.labelled if sources.labelled and task.is_exact else None
        by_label = task.balance(own.tally, own.labelled)
        groups.append(Group(name, own.rows, by_label, own.rows - own.labelled, right))
    return groups


def number(value: float) -> str:
    """A count, or what is none, for a table."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"
