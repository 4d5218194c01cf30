"""Reading as a Beam transform: pieces of work spread over the workers."""

import time
from collections.abc import Iterator, Sequence

import apache_beam as beam
import pyarrow as pa

from mashbill.models.tasks.base import Task
from mashbill.transforms import progress
from mashbill.transforms.beam_fn import Fn
from mashbill.transforms.contract import Column, Contract
from mashbill.transforms.examples import shard_of
from mashbill.transforms.readers import read
from mashbill.transforms.readers.part import Part
from mashbill.transforms.stage import LEDGER, ledger
from mashbill.transforms.work_item import WorkItem

READ = Contract(
    "read",
    adds=(
        Column("text", "string", "text that the models read"),
        Column("text_pair", "string", "second text of a pair"),
        Column("label", "label", "gold label; null without one"),
        Column("corpus", "string", "name of the corpus in the recipe"),
        Column("split", "string", "train, validation or test"),
    ),
    loses=("blank", "rejected"),
)


def read_counts(corpus: str, part: Part) -> dict[str, float]:
    """What a part adds to the counts of the stage."""
    return {
        "read/rows": part.rows,
        "read/blank": part.blank,
        "read/rejected": len(part.rejects),
        "read/out": part.batch.num_rows,
        f"read/by_corpus/{corpus}/rows": part.rows,
        f"read/by_corpus/{corpus}/rejected": len(part.rejects),
    }


class ReadItem(Fn):
    """A piece of work to raw batches.

    A piece's rejects and counts belong to one shard, found from its name; a job for some of the
    shards reads everything but keeps the books only for the pieces of its own shards.
    """

    def __init__(self, task: Task, shards: int, wanted: frozenset[int]):
        self.task, self.shards, self.wanted = task, shards, wanted

    def shard_of(self, item: WorkItem) -> int:
        """The one that its rejects and counts belong to."""
        return shard_of(item.key, self.shards)

    def process(self, item: WorkItem) -> Iterator:
        shard = self.shard_of(item)
        started = time.perf_counter()
        for part in read(item, self.task):
            progress.report("read", part.rows)
            if shard in self.wanted:
                counts = read_counts(item.spec.name, part)
                counts["seconds/read"] = time.perf_counter() - started
                yield from ledger(shard, counts, part.rejects)
            if part.batch.num_rows:
                yield part.batch
            started = time.perf_counter()  # not counting what the stages behind this one took


class Read(beam.PTransform):
    """All pieces of all corpora; outputs `examples` (raw batches) and the ledger."""

    def __init__(
        self,
        items: Sequence[WorkItem],
        task: Task,
        shards: int,
        wanted: frozenset[int],
    ):
        super().__init__()
        self.items, self.read_item = items, ReadItem(task, shards, wanted)

    def expand(self, pipeline):
        return (
            pipeline
            | "pieces" >> beam.Create(self.items)
            | "spread" >> beam.Reshuffle()
            # With these hints the batches travel by the Arrow coder, not pickled.
            | "rows"
            >> beam.ParDo(self.read_item)
            .with_output_types(pa.RecordBatch, **{LEDGER: tuple[int, pa.RecordBatch]})
            .with_outputs(LEDGER, main="examples")
        )
