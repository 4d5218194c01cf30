"""Reading as a Beam transform: pieces of work spread over the workers."""

from collections import Counter
from collections.abc import Iterator, Sequence

import apache_beam as beam

from transforms import progress
from transforms.examples import shard_of
from transforms.readers import read
from transforms.sources import WorkItem
from transforms.stage import LEDGER, ledger


class ReadItem(beam.DoFn):
    """A piece of work to raw batches.

    A piece's rejects and counts belong to one shard, found from its name; a job for some of the
    shards reads everything but keeps the books only for the pieces of its own shards.
    """

    def __init__(self, labels: Sequence[str], shards: int, wanted: frozenset[int]):
        self.labels, self.shards, self.wanted = labels, shards, wanted

    def process(self, item: WorkItem) -> Iterator:
        shard = shard_of(item.key, self.shards)
        corpus = f"by_corpus/{item.spec.name}"
        for part in read(item, self.labels):
            progress.report("read", part.rows)
            if shard in self.wanted:
                counts = Counter(
                    {
                        "read/rows": part.rows,
                        "read/blank": part.blank,
                        "read/rejected": len(part.rejects),
                        "read/out": part.batch.num_rows,
                        f"read/{corpus}/rows": part.rows,
                        f"read/{corpus}/rejected": len(part.rejects),
                    }
                )
                yield from ledger(shard, counts, part.rejects)
            if part.batch.num_rows:
                yield part.batch


class Read(beam.PTransform):
    """All pieces of all corpora; outputs `examples` (raw batches) and the ledger."""

    def __init__(
        self,
        items: Sequence[WorkItem],
        labels: Sequence[str],
        shards: int,
        wanted: frozenset[int],
    ):
        super().__init__()
        self.items, self.read_item = items, ReadItem(labels, shards, wanted)

    def expand(self, pipeline: beam.Pipeline) -> beam.pvalue.DoOutputsTuple:
        return (
            pipeline
            | "pieces" >> beam.Create(self.items)
            | "spread" >> beam.Reshuffle()
            | "rows" >> beam.ParDo(self.read_item).with_outputs(LEDGER, main="examples")
        )
