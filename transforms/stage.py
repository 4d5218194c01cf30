"""The shape of a stage: a function from a batch to a batch, with what it dropped accounted for."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from mashbill.models.device import keep_what_is_loaded, pick_device
from mashbill.models.errors import MashbillError, is_of_the_machine, one_line
from mashbill.models.plugins import packages_blamed
from mashbill.transforms import progress
from mashbill.transforms.beam_fn import Fn
from mashbill.transforms.common_models import use_common_models
from mashbill.transforms.contract import Column, Contract, columns_of
from mashbill.transforms.examples import is_variant
from mashbill.transforms.filters.base import Filter
from mashbill.transforms.ledger import Reject, counts_batch, rejects_batch

LEDGER = "ledger"
ROWS_ON_A_GPU = 16_384


class Outcome(NamedTuple):
    """What a stage made of one batch.

    Attributes:
        batch: the examples that go on.
        counts: name to number, without the stage's name; they must balance, see `check_counts`.
        rejects: the examples that could not be processed.
        records: other batches that go to the shard's files, such as `EDITS`.
    """

    batch: pa.RecordBatch
    counts: Mapping[str, float]
    rejects: Iterable[Reject] = ()
    records: Iterable[pa.RecordBatch] = ()


class Stage(Fn):
    """Base class: `(shard, batch)` in and out, counts and rejects to the output `LEDGER`.

    Its filters then drop rows of the outcome: variants, or, where `drops_sources`, sources.
    Subclasses give `name` and `run(batch) -> Outcome`, load models in `setup`, keep the
    seconds spent in model forwards in `forward_seconds`, and declare what `Contract` tells.

    Attributes:
        filters: of its outcome.
        uses_model: gets the accelerators of the recipe's `resources`.
        rows_at_once: batches are held until they have so many rows, or the bundle ends; 0 for as
            they come. On a GPU a model sees thousands, however small the batches are.
        side_inputs: what `run` gets beside the batch, by the names that `job` knows.
    """

    name: str
    needs: tuple[str, ...] = ()
    adds: tuple[Column, ...] = ()
    loses: tuple[str, ...] = ()
    makes = False
    not_made: tuple[str, ...] = ()
    uses_model = False
    side_inputs: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    drops_sources = False
    rows_at_once = 0

    @property
    def wants_accelerator(self) -> bool:
        return self.uses_model or any(one.uses_model for one in self.filters)

    @property
    def contract(self) -> Contract:
        own = columns_of([Contract(self.name, adds=self.adds)])
        read = dict.fromkeys(name for one in self.filters for name in one.reads if name not in own)
        dropped = (f"dropped/{why}" for one in self.filters for why in one.reasons)
        return Contract(
            self.name,
            tuple(dict.fromkeys((*self.needs, *read))),
            self.adds,
            tuple(dict.fromkeys((*self.loses, *dropped))),
            self.makes,
            self.not_made,
        )

    def setup(self) -> None:
        if self.wants_accelerator:
            use_common_models()
        for one in self.filters:
            one.load()
        if self.wants_accelerator and pick_device().type == "cuda":
            self.rows_at_once = ROWS_ON_A_GPU
        keep_what_is_loaded()

    def run(self, batch: pa.RecordBatch, *side_inputs) -> Outcome:
        raise NotImplementedError

    def forward_seconds(self) -> float:
        return 0.0

    def outcome(self, batch: pa.RecordBatch, *side_inputs) -> Outcome:
        """What `run` makes of the batch and the filters leave of that."""
        own = self.run(batch, *side_inputs)
        if not self.filters or not own.batch.num_rows:
            return own
        left = drop(own.batch, dropped_by(self.filters, own.batch, self.drops_sources))
        counts = {**left.counts, **own.counts, "out": left.batch.num_rows}
        return Outcome(left.batch, counts, own.rejects)

    def start_bundle(self) -> None:
        self._held: dict[int, list[pa.RecordBatch]] = defaultdict(list)

    def process(self, element: tuple[int, pa.RecordBatch], *side_inputs) -> Iterator:
        if not self.rows_at_once:
            yield from self._outputs(*element, side_inputs)
            return
        shard, batch = element
        self._held[shard].append(batch)
        self._side_inputs = side_inputs  # the same in all of a job
        if sum(one.num_rows for held in self._held.values() for one in held) >= self.rows_at_once:
            yield from self._let_go()

    def finish_bundle(self) -> Iterator:
        window = GlobalWindow()
        for output in self._let_go():
            tagged = isinstance(output, beam.pvalue.TaggedOutput)
            value = output.value if tagged else output
            value = WindowedValue(value, window.max_timestamp(), [window])
            yield beam.pvalue.TaggedOutput(output.tag, value) if tagged else value

    def _let_go(self) -> Iterator:
        held, self._held = self._held, defaultdict(list)
        for shard, batches in held.items():
            yield from self._outputs(shard, pa.concat_batches(batches), self._side_inputs)

    def _outputs(self, shard: int, batch: pa.RecordBatch, side_inputs: tuple) -> Iterator:
        started, forward = time.perf_counter(), self.forward_seconds()
        with packages_blamed():
            outcome = self.outcome(batch, *side_inputs)
        progress.report(self.name, batch.num_rows)
        rejects = list(outcome.rejects)
        counted = {**outcome.counts, **by_corpus(batch, rejects)}
        counts = {f"{self.name}/{name}": value for name, value in counted.items()}
        counts[f"seconds/{self.name}"] = time.perf_counter() - started
        counts[f"forward_seconds/{self.name}"] = self.forward_seconds() - forward
        yield from ledger(shard, counts, rejects)
        for record in outcome.records:
            yield beam.pvalue.TaggedOutput(LEDGER, (shard, record))
        if outcome.batch.num_rows:
            yield shard, outcome.batch


class FilterRows(Stage):
    """Nothing but filters.

    Args:
        name: of the stage.
        drops_sources: whether they drop sources, and not variants.
    """

    def __init__(self, name: str, drops_sources: bool = False):
        self.name, self.drops_sources = name, drops_sources

    def run(self, batch: pa.RecordBatch) -> Outcome:
        return Outcome(batch, {"in": batch.num_rows, "out": batch.num_rows})


def by_corpus(rows: pa.RecordBatch | pa.Table, rejects: Iterable[Reject]) -> Counter:
    """How many of a stage's rows, and of its rejects, are of each corpus."""
    counts: Counter = Counter()
    for counted in pc.value_counts(rows["corpus"]).to_pylist():
        counts[f"by_corpus/{counted['values']}/in"] = counted["counts"]
    for reject in rejects:
        counts[f"by_corpus/{reject.source['corpus']}/rejected"] += 1
    return counts


def by_augmenter(augmenters: Iterable[str], what: str) -> dict[str, int]:
    """Counts of rows, of which these are the augmenters."""
    return {f"by_augmenter/{name}/{what}": rows for name, rows in Counter(augmenters).items()}


def ledger(
    shard: int, counts: Mapping[str, float], rejects: Iterable[Reject] = ()
) -> Iterator[beam.pvalue.TaggedOutput]:
    """The outputs that put counts and rejects of a shard on record."""
    yield beam.pvalue.TaggedOutput(LEDGER, (shard, counts_batch(counts)))
    rejects = list(rejects)
    if rejects:
        yield beam.pvalue.TaggedOutput(LEDGER, (shard, rejects_batch(rejects)))


def dropped_by(
    filters: Iterable[Filter], batch: pa.RecordBatch, sources: bool
) -> dict[str, np.ndarray]:
    """Reason to the rows (bool [rows]) that a filter would drop, of sources or of variants."""
    variant = is_variant(batch)
    reasons: dict[str, np.ndarray] = {}
    for one in filters:
        for reason, mask in _masks(one, batch).items():
            goes = mask & (~variant if sources else variant)
            reasons[reason] = reasons[reason] | goes if reason in reasons else goes
    return reasons


def _masks(wanted: Filter, batch: pa.RecordBatch) -> Mapping[str, np.ndarray]:
    """What a filter says of a batch; its failure is no row's fault and ends the run."""
    try:
        return wanted.drops(batch)
    except Exception as error:
        if isinstance(error, MashbillError) or is_of_the_machine(error):
            raise
        raise MashbillError(f"the filter {wanted.kind} failed: {one_line(error)}") from error


def drop(batch: pa.RecordBatch, reasons: Mapping[str, np.ndarray]) -> Outcome:
    """Drops rows; a row that several masks would drop is counted under the first.

    Args:
        batch: n rows; those of each augmenter are counted too.
        reasons: reason to a bool mask [n], True where the row goes.
    """
    stays = np.ones(batch.num_rows, dtype=bool)
    augmenters = np.array(batch.column("augmenter").to_pylist(), dtype=object)
    counts: dict[str, float] = {"in": batch.num_rows, **by_augmenter(augmenters, "in")}
    for reason, mask in reasons.items():
        goes = stays & mask
        counts[f"dropped/{reason}"] = int(goes.sum())
        counts |= by_augmenter(augmenters[goes], f"dropped/{reason}")
        stays &= ~mask
    kept = batch.filter(pa.array(stays))
    return Outcome(kept, {**counts, "out": kept.num_rows})
