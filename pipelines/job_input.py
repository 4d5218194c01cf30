"""What a job begins with: a run's source examples, read from the corpora or from their cut."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import apache_beam as beam
import pyarrow as pa

from mashbill.pipelines.prepare import Prepared
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.cut import BOOKS, Cut, read_batches, read_statistics
from mashbill.transforms.examples import Strata, identify
from mashbill.transforms.near_duplicates import NearDuplicates
from mashbill.transforms.read import Read
from mashbill.transforms.shuffle import held_out_hashes
from mashbill.transforms.stage import LEDGER, Stage
from mashbill.transforms.statistics import CorpusStatistics, types_of
from mashbill.transforms.strata import FindStrata

Keyed = tuple[int, pa.RecordBatch]


class JobInput:
    """Base class of the two.

    Attributes:
        examples: source examples, not yet deduplicated; at least those of the shards wanted.
        ledger: counts and rejects of the reading, by shard.
        losers: `(shard, LOSERS)`, a collection or none.
    """

    examples: beam.PCollection
    ledger: beam.PCollection
    losers: Sequence[beam.PCollection] = ()

    def __init__(self) -> None:
        self._given: dict[str, beam.pvalue.AsSideInput] = {}

    def side_inputs(self, stage: Stage) -> list[beam.pvalue.AsSideInput]:
        """What a stage gets beside its batches; each is made once."""
        for name in stage.side_inputs:
            if name not in self._given:
                self._given[name] = getattr(self, f"_{name}")()
        return [self._given[name] for name in stage.side_inputs]


class WholeCorpus(JobInput):
    """All corpora, of which a job keeps what it needs."""

    def __init__(
        self, pipeline: beam.Pipeline, recipe: Recipe, prepared: Prepared, wanted: frozenset[int]
    ):
        super().__init__()
        self.recipe, shards = recipe, recipe.output.shards
        read = pipeline | "read" >> Read(prepared.items, recipe.task, shards, wanted)
        self.examples = read.examples | "identify" >> beam.Map(
            identified_by(recipe), *strata_of(recipe, read.examples)
        ).with_output_types(pa.RecordBatch)
        self.ledger = read[LEDGER]
        if (near := recipe.near_duplicate) is not None:
            find = NearDuplicates(near, shards, wanted)
            self.losers = [self.examples | "near duplicates" >> find]

    def _held_out(self) -> beam.pvalue.AsSideInput:
        return beam.pvalue.AsList(self.examples | "held-out texts" >> beam.FlatMap(held_out_hashes))

    def _statistics(self) -> beam.pvalue.AsSideInput:
        return beam.pvalue.AsSingleton(self.examples | "word counts" >> count_words(self.recipe))


class CutCorpus(JobInput):
    """A partition's part of what was cut before."""

    def __init__(self, pipeline: beam.Pipeline, cut: Cut, wanted: frozenset[int]):
        super().__init__()
        self.pipeline, self.cut = pipeline, cut
        self.files = cut.files()
        parts = {shard % cut.partitions for shard in wanted}
        self.examples = (
            pipeline
            | "pieces" >> beam.Create([path for _, path in self._of(parts, "examples")])
            | "spread" >> beam.Reshuffle()
            | "rows" >> beam.FlatMap(read_batches).with_output_types(pa.RecordBatch)
        )
        self.ledger = self._by_shard("books", self._of(wanted, *BOOKS))
        losers = self._of(wanted, "losers")
        self.losers = [self._by_shard("near duplicates", losers)] if losers else []

    def _of(self, numbers: Collection[int], *kinds: str) -> list[tuple[int, str]]:
        return [one for kind in kinds for one in self.files[kind] if one[0] in numbers]

    def _by_shard(self, name: str, paths: list[tuple[int, str]]) -> beam.PCollection:
        read = beam.FlatMapTuple(_keyed).with_output_types(Keyed)
        return self.pipeline | f"files of {name}" >> beam.Create(paths) | name >> read

    def _held_out(self) -> beam.pvalue.AsSideInput:
        paths = [path for _, path in self.files["held_out"]]
        files = self.pipeline | "files of held-out texts" >> beam.Create(paths)
        return beam.pvalue.AsList(files | "held-out texts" >> beam.FlatMap(_hashes_in))

    def _statistics(self) -> beam.pvalue.AsSideInput:
        file = self.pipeline | "file of word counts" >> beam.Create([self.cut.statistics])
        return beam.pvalue.AsSingleton(file | "word counts" >> beam.Map(read_statistics))


def _keyed(shard: int, path: str) -> Iterator[Keyed]:
    for batch in read_batches(path):
        yield shard, batch


def _hashes_in(path: str) -> list[Any]:
    return [batch.column(0).to_numpy() for batch in read_batches(path)]


def identified_by(recipe: Recipe) -> Callable[..., pa.RecordBatch]:
    """Raw rows, and their strata where the splits are stratified, to source examples."""
    return partial(_identified, recipe.splits.fractions(), recipe.labelled_shares())


def _identified(
    fractions: Sequence[float],
    shares: Mapping[str, float],
    raw: pa.RecordBatch,
    strata: Strata | None = None,
) -> pa.RecordBatch:
    return identify(raw, fractions, shares, strata)


def strata_of(recipe: Recipe, rows: beam.PCollection) -> list[beam.pvalue.AsSideInput]:
    """What `identify` gets beside raw rows; nothing where the splits are not stratified."""
    if not recipe.splits.stratify:
        return []
    count = beam.CombineGlobally(FindStrata(recipe.splits.fractions()))
    return [beam.pvalue.AsSingleton(rows | "count classes" >> count)]


def count_words(recipe: Recipe) -> beam.CombineGlobally:
    return beam.CombineGlobally(
        CorpusStatistics(language=recipe.language, types=types_of(recipe.task))
    )
