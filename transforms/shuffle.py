"""The one shuffle: examples find their shard and meet their duplicates."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from mashbill.transforms import progress
from mashbill.transforms.beam_fn import Fn
from mashbill.transforms.deduplicate import LOSERS, Keys, deduplicate, without_losers
from mashbill.transforms.examples import content_hash, shard_of
from mashbill.transforms.stage import ledger

FLUSH_BYTES = 8 << 20
ROWS_PER_BATCH = 512
BYTES_PER_BATCH = 1 << 20


class ToShards(Fn):
    """Examples to `(shard, examples)`, for the shards wanted; small pieces are put together."""

    def __init__(self, shards: int, wanted: frozenset[int]):
        self.shards, self.wanted = shards, wanted

    def start_bundle(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.parts: dict[int, list[pa.RecordBatch]] = defaultdict(list)
        self.bytes = 0

    def process(self, batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
        ids = batch.column("source_id").to_pylist()
        shards = np.array([shard_of(i, self.shards) for i in ids])
        for shard in sorted(self.wanted.intersection(shards.tolist())):
            part = batch.filter(pa.array(shards == shard))
            self.parts[shard].append(part)
            self.bytes += part.nbytes
        if self.bytes > FLUSH_BYTES:
            yield from self._flush()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        window = GlobalWindow()
        for element in self._flush():
            yield WindowedValue(element, window.max_timestamp(), [window])

    def _flush(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        for shard, parts in sorted(self.parts.items()):
            yield from ((shard, piece) for piece in slices(pa.Table.from_batches(parts)))
        self._clear()


def held_out_hashes(batch: pa.RecordBatch) -> Iterator[np.ndarray]:
    """Content hashes (uint64) of the validation and test rows, which no variant may equal."""
    columns = (batch.column(name).to_pylist() for name in ("source_id", "split"))
    hashes = [content_hash(i) for i, split in zip(*columns, strict=True) if split != "train"]
    if hashes:
        yield np.array(hashes, np.uint64)


class Deduplicate(Fn):
    """`(shard, all its examples)` to batches of unique sources, sorted by id.

    Batches are cut by what the shard holds and nothing else, so what a model sees together never
    depends on the engine.

    Args:
        keys: of the task, see `Task.keys_of`.
        near: whether `LOSERS` are among the examples, which then go.
    """

    def __init__(self, keys: Keys = lambda rows: rows["label"], near: bool = False):
        self.keys, self.near = keys, near

    def process(self, element: tuple[int, Iterable[pa.RecordBatch]]) -> Iterator:
        shard, batches = element
        examples, losers = [], []
        for batch in batches:
            (losers if batch.schema == LOSERS else examples).append(batch)
        table = pa.Table.from_batches(examples)
        result = deduplicate(table, self.keys)
        if self.near:
            gone = (source_id for batch in losers for source_id in batch.column(0).to_pylist())
            result = without_losers(result, gone)
        progress.report("sources", result.unique.num_rows)
        counts = {f"deduplicate/{name}": n for name, n in result.counts(table).items()}
        yield from ledger(shard, counts, result.conflicts)
        for batch in slices(result.unique):
            yield shard, batch


def slices(table: pa.Table) -> Iterator[pa.RecordBatch]:
    """Cuts a table into batches of at most 512 rows and, but for a single long text, 1 MB."""
    for batch in table.combine_chunks().to_batches():  # several where text passes 2 GB
        yield from _slices(batch)


def _slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    size = pc.binary_length(batch.column("text")).to_numpy(zero_copy_only=False)
    start, held = 0, 0
    for row in range(batch.num_rows):
        if row > start and (row - start == ROWS_PER_BATCH or held + size[row] > BYTES_PER_BATCH):
            yield _copy(batch, start, row)
            start, held = row, 0
        held += int(size[row])
    yield _copy(batch, start, batch.num_rows)


def _copy(batch: pa.RecordBatch, start: int, stop: int) -> pa.RecordBatch:
    """A slice that does not drag its parent's buffers through the shuffle."""
    return batch.take(pa.array(range(start, stop)))
