"""A corpus cut once for all partitions of a run: its source examples, in files by partition.

Without that, every partition reads and hashes the whole corpus to find its own rows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import orjson
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from pydantic import TypeAdapter

from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.beam_fn import Fn
from mashbill.transforms.examples import shard_of
from mashbill.transforms.files import exists, names_in, read_bytes, write_whole
from mashbill.transforms.layout import cut_prefix
from mashbill.transforms.ledger import COUNTS, REJECTS
from mashbill.transforms.read import ReadItem
from mashbill.transforms.shuffle import held_out_hashes
from mashbill.transforms.work_item import WorkItem

FLUSH_BYTES = 32 << 20
ARROW = ".arrow"
BOOKS = {"counts": COUNTS, "rejects": REJECTS}  # kinds of files
HASHES = pa.schema([("hash", pa.uint64())])
STATISTICS = TypeAdapter(Statistics)


class Cut(NamedTuple):
    """Where the cut corpus of a run lies, beside the run's state.

    Attributes:
        out: the output folder.
        fingerprint: of the run.
        shards, partitions: a shard belongs to the partition of its number modulo `partitions`.
    """

    out: str
    fingerprint: str
    shards: int
    partitions: int

    def partition_of(self, source_id: str) -> int:
        """From 0."""
        return shard_of(source_id, self.shards) % self.partitions

    def path(self, kind: str, *numbers: int) -> str:
        return self._beginning(kind, *numbers) + ARROW

    def files(self) -> Mapping[str, list[tuple[int, str]]]:
        """By kind, the first number and the path of all that there are."""
        beginning, found = self._beginning(""), defaultdict(list)
        folder, _ = FileSystems.split(beginning)
        for path in names_in(folder):
            if path.startswith(beginning) and path.endswith(ARROW):
                kind, number, *_ = path.removeprefix(beginning).split("-")
                found[kind].append((int(number), path))
        return found

    def _beginning(self, kind: str, *numbers: int) -> str:
        name = "-".join([kind, *(f"{number:05d}" for number in numbers)])
        return f"{cut_prefix(self.out)}{self.partitions}-{name}"

    @property
    def statistics(self) -> str:
        return self._beginning("statistics") + ".json"

    def is_whole(self) -> bool:
        marker = self._marker
        return exists(marker) and orjson.loads(read_bytes(marker)) == self.fingerprint

    def close(self) -> None:
        """Says that everything is there."""
        content = orjson.dumps(self.fingerprint)
        write_whole(self._marker, lambda file: file.write(content))

    @property
    def _marker(self) -> str:
        return self._beginning("whole") + ".json"


class CutItem(Fn):
    """`(number, piece of work)` to its source examples, all of which are also written, by
    partition, together with its counts, its rejects and the hashes of its held-out rows.

    The files of a piece depend on nothing but the piece, so a bundle may run twice.

    Args:
        read: keeps the books of all pieces.
        identify: raw rows (and perhaps the strata) to source examples.
        cut: where they are written.
    """

    def __init__(self, read: ReadItem, identify: Callable[..., pa.RecordBatch], cut: Cut):
        self.read, self.identify, self.cut = read, identify, cut

    def process(self, numbered: tuple[int, WorkItem], *strata: Any) -> Iterator[pa.RecordBatch]:
        number, item = numbered
        examples, books, held, chunk = [], [], 0, 0
        for found in self.read.process(item):
            if isinstance(found, beam.pvalue.TaggedOutput):
                _, batch = found.value
                books.append(batch)
            else:
                batch = self.identify(found, *strata)
                examples.append(batch)
                yield batch
            held += batch.nbytes
            if held > FLUSH_BYTES:
                self._write(item, examples, books, number, chunk)
                examples, books, held, chunk = [], [], 0, chunk + 1
        self._write(item, examples, books, number, chunk)

    def _write(
        self,
        item: WorkItem,
        examples: list[pa.RecordBatch],
        books: list[pa.RecordBatch],
        *place: int,
    ) -> None:
        shard = self.read.shard_of(item)
        for kind, schema in BOOKS.items():
            own = [batch for batch in books if batch.schema == schema]
            write_batches(self.cut.path(kind, shard, *place), own)
        hashes = [array for batch in examples for array in held_out_hashes(batch)]
        own = [pa.RecordBatch.from_arrays([pa.array(one)], schema=HASHES) for one in hashes]
        write_batches(self.cut.path("held_out", *place), own)
        for partition, part in self._by_partition(examples):
            write_batches(self.cut.path("examples", partition, *place), part.to_batches())

    def _by_partition(self, examples: list[pa.RecordBatch]) -> Iterator[tuple[int, pa.Table]]:
        if not examples:
            return
        table = pa.Table.from_batches(examples).combine_chunks()
        ids = table["source_id"].to_pylist()
        partitions = np.array([self.cut.partition_of(one) for one in ids])
        order = np.argsort(partitions, kind="stable")
        table = table.take(pa.array(order))
        bounds = np.searchsorted(partitions[order], range(self.cut.partitions + 1)).tolist()
        for partition, (first, last) in enumerate(pairwise(bounds)):
            if last > first:
                yield partition, table.slice(first, last - first)


class WriteLosers(Fn):
    """`(shard, all its losers)` to a file."""

    def __init__(self, cut: Cut):
        self.cut = cut

    def process(self, element: tuple[int, Iterable[pa.RecordBatch]]) -> None:
        shard, losers = element
        write_batches(self.cut.path("losers", shard, 0), list(losers))


def write_batches(path: str, batches: list[pa.RecordBatch]) -> None:
    """All of one schema; no file where there are none."""
    if not batches:
        return
    options = pa.ipc.IpcWriteOptions(compression="zstd")

    def write(file: Any) -> None:
        with pa.ipc.new_stream(file, batches[0].schema, options=options) as writer:
            for batch in batches:
                writer.write_batch(batch)

    write_whole(path, write)


def read_batches(path: str) -> Iterator[pa.RecordBatch]:
    yield from pa.ipc.open_stream(read_bytes(path))


def write_statistics(statistics: Statistics, path: str) -> None:
    content = STATISTICS.dump_json(statistics)
    write_whole(path, lambda file: file.write(content))


def read_statistics(path: str) -> Statistics:
    return STATISTICS.validate_json(read_bytes(path))
