"""Near-duplicates over a whole corpus: one shuffle of the bands of its source examples.

A key is not a band but one of as many groups of bands as there are shards, so that batches travel
and each worker holds the bands of one group. A source takes some 700 bytes in the shuffle.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import apache_beam as beam
import numpy as np
import pyarrow as pa

from mashbill.transforms.beam_fn import Fn
from mashbill.transforms.deduplicate import LOSERS
from mashbill.transforms.examples import shard_of
from mashbill.transforms.filters.near_duplicate import NearDuplicate

Keyed = tuple[int, pa.RecordBatch]


class ToBands(Fn):
    """Batches of source examples to `(group, bands)`."""

    def __init__(self, wanted: NearDuplicate, groups: int):
        self.wanted, self.groups = wanted, groups

    def process(self, batch: pa.RecordBatch) -> Iterator[Keyed]:
        bands = self.wanted.bands(batch)
        group = (bands.column("band").to_numpy() % np.uint64(self.groups)).astype(np.int64)
        for number in np.unique(group).tolist():
            yield number, bands.filter(pa.array(group == number))


class Losers(Fn):
    """`(group, all its bands)` to `(shard, ids of sources that go)`, for the shards wanted."""

    def __init__(self, wanted: NearDuplicate, shards: int, wanted_shards: frozenset[int]):
        self.wanted, self.shards, self.wanted_shards = wanted, shards, wanted_shards

    def process(self, element: tuple[int, Iterable[pa.RecordBatch]]) -> Iterator[Keyed]:
        _, bands = element
        by_shard = defaultdict(list)
        for source_id in sorted(self.wanted.losers(bands)):
            by_shard[shard_of(source_id, self.shards)].append(source_id)
        for shard in sorted(self.wanted_shards.intersection(by_shard)):
            yield shard, pa.RecordBatch.from_arrays([pa.array(by_shard[shard])], schema=LOSERS)


class NearDuplicates(beam.PTransform):
    """Source examples to `(shard, LOSERS)`; each source that goes is named once or more."""

    def __init__(self, wanted: NearDuplicate, shards: int, wanted_shards: frozenset[int]):
        super().__init__()
        self.to_bands = ToBands(wanted, shards)
        self.losers = Losers(wanted, shards, wanted_shards)

    def expand(self, identified: beam.PCollection) -> beam.PCollection:
        return (
            identified
            | "bands" >> beam.ParDo(self.to_bands).with_output_types(Keyed)
            | "meet their like" >> beam.GroupByKey()
            | "losers" >> beam.ParDo(self.losers).with_output_types(Keyed)
        )
