"""Samples of a finished data set: sources with their variants, and rejects."""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from mashbill.pipelines.output import round_folder, rounds_of
from mashbill.pipelines.summary import batches, parquet_files
from mashbill.transforms.augmenters.edits import Edit
from mashbill.transforms.examples import shard_of
from mashbill.transforms.files import names_in
from mashbill.transforms.layout import STATE
from mashbill.transforms.shown_edits import SOURCES_SHOWN, point_of, read_edits
from mashbill.transforms.streams import lines, open_plain

SAMPLES_PER_REASON = 3
SORTED_AT_ONCE = 20_000  # ids
EDITS_FILE = re.compile(r"edits-(\d{5})-of-(\d{5})\.jsonl")


class Rejects(NamedTuple):
    """Rejects of one reason. Attributes: `samples`, a few of them as (source, example)."""

    stage: str
    reason: str
    rows: int
    samples: list[tuple[dict, dict]]


def sample_sources(
    out: str, run: Mapping[str, Any], size: int, splits: Collection[str]
) -> list[list[dict[str, Any]]]:
    """Source examples of some splits drawn at random by the run's seed, each before its variants.

    The variants of the first sources have `edits`, by field, as far as these are known.
    """
    first = FirstSources(run, size, splits)
    for split, batch in batches(out, first.columns):
        first.add(split, batch)
    return sampled(out, first)[0]


def sampled(out: str, *samples: "FirstSources") -> list[list[list[dict[str, Any]]]]:
    """The sources of some samples, each before its variants; see `sample_sources`."""
    chosen = [sample.ids() for sample in samples]
    rows: dict[str, list[dict]] = {source_id: [] for ids in chosen for source_id in ids}
    shown = {source_id for ids in chosen for source_id in ids[:SOURCES_SHOWN]}
    edits = _edits(out, shown)
    wanted = pc.field("source_id").isin(list(rows))
    for split, path in parquet_files(out) if rows else ():
        with open_plain(path) as file:
            for row in pq.read_table(file, filters=wanted).to_pylist():
                rows[row["source_id"]].append(
                    {**row, "split": split, "edits": edits.get(row["id"], {})}
                )
    for of_source in rows.values():
        of_source.sort(key=lambda row: row["copy"])
    return [[rows[source_id] for source_id in ids] for ids in chosen]


class FirstSources:
    """The ids of the sources that come first after a point that the run's seed decides, and from
    the beginning again: ids are hashes, so that this is a random sample.

    Args:
        run: what `run.json` holds.
        size: of the sample.
        splits: whose sources there may be.
    """

    columns = ("source_id", "copy")

    def __init__(self, run: Mapping[str, Any], size: int, splits: Collection[str]):
        self.point, self.size, self.splits = point_of(run["seed"]), size, splits
        self._beyond, self._before = _Smallest(size), _Smallest(size)

    def add(self, split: str, batch: pa.RecordBatch) -> None:
        if split in self.splits:
            ids = batch["source_id"].filter(pc.equal(batch["copy"], 0)).cast(pa.string())
            late = pc.greater_equal(ids, self.point)
            self._beyond.add(ids.filter(late))
            self._before.add(ids.filter(pc.invert(late)))

    def ids(self) -> list[str]:
        return [*self._beyond.values(), *self._before.values()][: self.size]


class _Smallest:
    """So many of the values that were added, the smallest, each once."""

    def __init__(self, size: int):
        self._size, self._held, self._rows = size, [pa.array([], pa.string())], 0

    def add(self, values: pa.Array) -> None:
        self._held.append(values)
        self._rows += len(values)
        if self._rows > SORTED_AT_ONCE + self._size:
            self.values()

    def values(self) -> list[str]:
        """Ascending."""
        there = pa.concat_arrays(self._held).unique()
        there = there.take(pc.select_k_unstable(there, self._size, [("", "ascending")]))
        self._held, self._rows = [there], len(there)
        return there.to_pylist()


def _edits(out: str, source_ids: Collection[str]) -> dict[str, dict[str, list[Edit]]]:
    """What made the variants of some sources: by the variant's id and field."""
    edits: dict[str, dict[str, list[Edit]]] = {}
    for folder in (out, *(round_folder(out, number) for number in rounds_of(out))):
        for path in names_in(FileSystems.join(folder, STATE)):
            if name := EDITS_FILE.fullmatch(FileSystems.split(path)[1]):
                shard, shards = map(int, name.groups())
                if shard in {shard_of(source_id, shards) for source_id in source_ids}:
                    with open_plain(path) as file:
                        edits |= read_edits(lines(file))
    return edits


def sample_rejects(out: str, run: Mapping[str, Any]) -> list[Rejects]:
    """The reasons that `run.json` names, each with its first rejects."""
    samples = {
        (stage, reason): Rejects(stage, reason, rows, [])
        for stage, reasons in run.get("rejects", {}).items()
        for reason, rows in reasons.items()
    }
    missing = sum(min(kind.rows, SAMPLES_PER_REASON) for kind in samples.values())
    for path in names_in(FileSystems.join(out, "rejects")):
        with open_plain(path) as file:
            for line in lines(file):
                if not missing:
                    return list(samples.values())
                reject = orjson.loads(line)
                kind = samples.get((reject["stage"], reject["reason"]))
                if kind and len(kind.samples) < SAMPLES_PER_REASON:
                    kind.samples.append((reject["source"], reject["example"]))
                    missing -= 1
    return list(samples.values())
