"""Variants: `copies` per source example, each by a method drawn in proportion to its share."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Literal

import numpy as np
import pyarrow as pa

from mashbill.models.plugins import told
from mashbill.models.tasks.base import Task
from mashbill.transforms.assignment import Job, Method, assign, bind
from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.contract import LABEL_LOST, NOT_MADE, REFUSED
from mashbill.transforms.drafts import READ, Draft, Drafter, Work
from mashbill.transforms.examples import ORIGINAL, variant_id
from mashbill.transforms.ledger import Reject, row_reject
from mashbill.transforms.shown_edits import MadeBy, edits_batch, first_turns
from mashbill.transforms.stage import Outcome, Stage

Unmade = Literal["lost", "passed_on", "redrawn"]
UNMADE = "unmade"  # the column of copies that are passed on, on the way between two stages
COPIES = pa.list_(pa.int16())


class Maker(Drafter):
    """Makes the variants of one batch with some of the recipe's methods.

    Args:
        unmade: what becomes of a copy for which its method found nothing new: it is `lost`; or
            `passed_on` to the next stage in the column `UNMADE`; or the other methods are
            `redrawn`, which all must have their augmenter here.
        augmenters, fields, held_out, seed, shares, task: see `Drafter`.
    """

    def __init__(
        self,
        augmenters: Mapping[int, Augmenter],
        fields: Sequence[str],
        held_out: np.ndarray,
        seed: int,
        shares: Sequence[float] = (),
        unmade: Unmade = "lost",
        task: Task | None = None,
    ):
        super().__init__(augmenters, fields, held_out, seed, shares, task)
        self.unmade = unmade

    def make(
        self, batch: pa.RecordBatch, jobs: Sequence[Job], taken_over: Sequence[Job] = ()
    ) -> Outcome:
        """Appends variants; the rows of `batch` that a job names are source examples.

        Args:
            batch: sources, and variants made of them before.
            jobs: copies to make.
            taken_over: copies for which an earlier stage found nothing new with their method.
        """
        work = Work(batch)
        work.count_copies("requested", jobs)
        work.count_copies("taken_over", taken_over)
        unmade = self.attempt(work, jobs)
        if self.unmade == "redrawn":
            # Only now, so that a copy that was made as drawn does not depend on others' bad luck.
            unmade = self.redraw(work, {**unmade, **dict.fromkeys(taken_over, "exhausted")})
        rejects = [
            _reject(batch, job, self.augmenters[job.method].label, error)
            for job, error in work.failed
        ]
        rows = pa.concat_batches([batch, self._rows(batch, work.drafts)])
        if self.unmade == "passed_on":
            work.counts["passed_on"] = len(unmade)
            rows = _with_unmade(rows, unmade)
        else:
            work.counts.update(unmade.values())
        work.counts.update(variants=len(work.drafts), rejected=len(rejects), out=rows.num_rows)
        return Outcome(rows, work.counts, rejects, [self._edits(work)])

    def _edits(self, work: Work) -> pa.RecordBatch:
        """Of the variants that a report may show."""
        turns = first_turns((work.source_id(job) for job, _ in work.drafts), self.seed)
        shown = (
            MadeBy(source_id, self._id(source_id, job), draft.edits())
            for job, draft in work.drafts
            if (source_id := work.source_id(job)) in turns
        )
        return edits_batch(shown, turns)

    def _id(self, source_id: str, job: Job) -> str:
        return variant_id(source_id, self.augmenters[job.method].label, job.copy)

    def _rows(self, batch: pa.RecordBatch, drafts: Sequence[tuple[Job, Draft]]) -> pa.RecordBatch:
        """The variants as rows: those of their sources, with what is different."""
        rows = batch.take(pa.array([job.row for job, _ in drafts], pa.int64()))
        labels = [self.augmenters[job.method].label for job, _ in drafts]
        ids = rows.column("source_id").to_pylist()
        changed = {
            "id": [
                self._id(source_id, job) for source_id, (job, _) in zip(ids, drafts, strict=True)
            ],
            "text": [draft.texts[0] for _, draft in drafts],
            "text_pair": [draft.texts[1] for _, draft in drafts],
            "label": [draft.label for _, draft in drafts],
            "augmenter": labels,
            "copy": [job.copy for job, _ in drafts],
        }
        columns = [
            pa.array(changed[field.name], field.type) if field.name in changed else column
            for field, column in zip(batch.schema, rows.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


class Augment(Stage):
    """Copies whose method is among those `chosen`, over batches of sources and earlier variants.

    Two of these make a pipeline's variants: rules first, then what needs a model, so that an
    engine gives its accelerators to the second alone. Only the last can redraw, for copies of the
    first too, and holds the augmenters of all methods then.
    """

    needs = (*READ, "augmenter", "copy", "split")
    makes = True

    def __init__(
        self,
        name: str,
        methods: Sequence[Method],
        chosen: Sequence[int],
        copies: range,
        fields: Sequence[str],
        splits: Sequence[str],
        seed: int,
        unmade: Unmade = "lost",
        task: Task | None = None,
    ):
        self.task = task
        reasons = () if task is None else task.losses
        self.name, self.methods, self.chosen = name, methods, chosen
        self.copies, self.fields, self.splits, self.seed = copies, fields, splits, seed
        self.unmade = unmade
        self.held = range(len(methods)) if unmade == "redrawn" else chosen
        augmenters = [methods[i].augmenter() for i in self.held]
        self.uses_model = any(augmenter.uses_model for augmenter in augmenters)
        refused = dict.fromkeys(chain.from_iterable(one.refuses for one in augmenters))
        self.not_made = (
            *NOT_MADE,
            *(f"{LABEL_LOST}/{reason}" for reason in reasons),
            *(f"{REFUSED}/{reason}" for reason in refused),
        )
        counts_words = any(augmenter.needs_statistics for augmenter in augmenters)
        self.side_inputs = ("held_out", "statistics") if counts_words else ("held_out",)

    def setup(self) -> None:
        super().setup()
        self.augmenters = {i: self.methods[i].augmenter() for i in self.held}
        for augmenter in self.augmenters.values():
            augmenter.load()  # what is amiss with a model ends the run before its first text
        self.maker: Maker | None = None

    def forward_seconds(self) -> float:
        return sum(augmenter.forward_seconds for augmenter in self.augmenters.values())

    def run(
        self,
        batch: pa.RecordBatch,
        held_out: Iterable[np.ndarray],
        statistics: Statistics | None = None,
    ) -> Outcome:
        shares = [method.share for method in self.methods]
        if self.maker is None:  # side inputs never change within a job
            bound = {i: bind(augmenter, statistics) for i, augmenter in self.augmenters.items()}
            hashes = np.unique(np.concatenate([np.empty(0, np.uint64), *held_out]))
            self.maker = Maker(
                bound, self.fields, hashes, self.seed, shares, self.unmade, self.task
            )
        columns = (batch.column(name).to_pylist() for name in ("source_id", "augmenter", "split"))
        sources = [
            (row, source_id)
            for row, (source_id, augmenter, split) in enumerate(zip(*columns, strict=True))
            if augmenter == ORIGINAL and split in self.splits
        ]
        batch, passed_on = _without_unmade(batch)
        jobs = assign(sources, self.copies, shares, self.seed)
        own = [job for job in jobs if job.method in self.chosen]
        before = self._spent()
        outcome = self.maker.make(batch, own, [job for job in jobs if job[:2] in passed_on])
        outcome.counts.update(self._spent() - before)
        return outcome

    def _spent(self) -> Counter[str]:
        """By augmenter, what was paid so far."""
        return Counter(
            {
                f"by_augmenter/{augmenter.label}/{what}": number
                for augmenter in self.maker.augmenters.values()
                for what, number in augmenter.spent().items()
            }
        )


def _with_unmade(batch: pa.RecordBatch, jobs: Iterable[Job]) -> pa.RecordBatch:
    copies: list[list[int]] = [[] for _ in range(batch.num_rows)]
    for job in jobs:
        copies[job.row].append(job.copy)
    return batch.append_column(UNMADE, pa.array(copies, COPIES))


def _without_unmade(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, set[tuple[int, int]]]:
    """The batch without the column, and the (row, copy) that it names."""
    if UNMADE not in batch.schema.names:
        return batch, set()
    passed_on = {
        (row, copy)
        for row, copies in enumerate(batch.column(UNMADE).to_pylist())
        for copy in copies
    }
    return batch.drop_columns([UNMADE]), passed_on


def _reject(batch: pa.RecordBatch, job: Job, label: str, error: Exception) -> Reject:
    reason = f"{label} failed: {told(error)}"
    return row_reject("augment", reason, batch, job.row, augmenter=label, copy=job.copy)
