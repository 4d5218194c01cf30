"""Variants: `copies` per source example, each by a method drawn in proportion to its share."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from mashbill.models.plugins import told
from mashbill.models.tasks.base import Lost, Task
from mashbill.models.tasks.projection import carried
from mashbill.transforms.assignment import Job, Method, assign, bind, other_methods
from mashbill.transforms.attempts import attempt, by_method
from mashbill.transforms.augmenters.base import Augmenter, Request
from mashbill.transforms.augmenters.edits import Edit, Variant, unchanged
from mashbill.transforms.augmenters.labels import Project, label_of, relabels
from mashbill.transforms.augmenters.refusal import refusal_of
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.contract import LABEL_LOST, NOT_MADE, REFUSED
from mashbill.transforms.examples import (
    ORIGINAL,
    content_hash,
    seed_of,
    source_id_of,
    variant_id,
)
from mashbill.transforms.ledger import Reject, row_reject
from mashbill.transforms.retry import Retry
from mashbill.transforms.shown_edits import MadeBy, edits_batch, first_turns
from mashbill.transforms.stage import Outcome, Stage

_READ = (
    "source_id",
    "text",
    "text_pair",
    "label",
    "corpus",
)  # the columns that variants are made from


class Refusal(NamedTuple):
    """Why a rewriter's answer was not taken."""

    reason: str


class Draft(NamedTuple):
    """A variant of an example. Attributes: `label`, its gold label, or `Lost`."""

    text: Variant
    text_pair: Variant | None
    label: Any

    @property
    def texts(self) -> tuple[str, str | None]:
        return self.text.text, self.text_pair and self.text_pair.text

    def edits(self) -> dict[str, list[Edit]]:
        """By field, as far as they are known."""
        fields = {"text": self.text, "text_pair": self.text_pair}
        known = {name: variant.edits for name, variant in fields.items() if variant is not None}
        return {name: edits for name, edits in known.items() if edits is not None}


Unmade = Literal["lost", "passed_on", "redrawn"]
UNMADE = "unmade"  # the column of copies that are passed on, on the way between two stages
COPIES = pa.list_(pa.int16())


def _squash(text: str, text_pair: str | None) -> tuple[str, str]:
    """Texts that differ in white space only are the same variant; case may be what was changed."""
    return " ".join(text.split()), " ".join(text_pair.split()) if text_pair else ""


class _Work:
    """A batch in the making: its columns, the texts that are taken, and what became of the jobs."""

    def __init__(self, batch: pa.RecordBatch):
        self.columns = {name: batch.column(name).to_pylist() for name in _READ}
        self.taken: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for source_id, *fields in zip(*map(self.columns.get, _READ[:3]), strict=True):
            self.taken[source_id].add(_squash(*fields))
        self.made: list[tuple[Job, Draft]] = []
        self.failed: list[tuple[Job, Exception]] = []
        self.counts = Counter({"in": batch.num_rows})

    def source_id(self, job: Job) -> str:
        return self.columns["source_id"][job.row]

    def count_copies(self, what: str, jobs: Sequence[Job]) -> None:
        self.counts[what] += len(jobs)
        for job in jobs:
            self.counts[f"by_corpus/{self.columns['corpus'][job.row]}/{what}"] += 1


class Maker:
    """Makes the variants of one batch with some of the recipe's methods.

    Args:
        augmenters: index of the method to its augmenter.
        fields: which of `text` and `text_pair` are changed.
        held_out: content hashes (`content_hash`) of the validation and test texts, sorted, uint64;
            no variant may equal one of these texts.
        seed: of the run.
        shares: of all methods.
        unmade: what becomes of a copy for which its method found nothing new: it is `lost`; or
            `passed_on` to the next stage in the column `UNMADE`; or the other methods are
            `redrawn`, which all must have their augmenter here.
        task: whose labels the rows have; a variant that loses its label is not made. Without one,
            and in a task that loses none, variants have the labels of their sources.
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
        self.project: Project | None = task.project if task is not None and task.losses else None
        self.augmenters, self.fields = augmenters, fields
        self.held_out, self.seed = held_out, seed
        self.shares, self.unmade = shares, unmade
        self.retries = {i: Retry(augmenter.label) for i, augmenter in augmenters.items()}

    def make(
        self, batch: pa.RecordBatch, jobs: Sequence[Job], taken_over: Sequence[Job] = ()
    ) -> Outcome:
        """Appends variants; the rows of `batch` that a job names are source examples.

        Args:
            batch: sources, and variants made of them before.
            jobs: copies to make.
            taken_over: copies for which an earlier stage found nothing new with their method.
        """
        work = _Work(batch)
        work.count_copies("requested", jobs)
        work.count_copies("taken_over", taken_over)
        unmade = self._try(work, jobs)
        if self.unmade == "redrawn":
            # Only now, so that a copy that was made as drawn does not depend on others' bad luck.
            unmade = self._redraw(work, {**unmade, **dict.fromkeys(taken_over, "exhausted")})
        rejects = [
            _reject(batch, job, self.augmenters[job.method].label, error)
            for job, error in work.failed
        ]
        made = pa.concat_batches([batch, self._rows(batch, work.made)])
        if self.unmade == "passed_on":
            work.counts["passed_on"] = len(unmade)
            made = _with_unmade(made, unmade)
        else:
            work.counts.update(unmade.values())
        work.counts.update(variants=len(work.made), rejected=len(rejects), out=made.num_rows)
        return Outcome(made, work.counts, rejects, [self._edits(work)])

    def _edits(self, work: _Work) -> pa.RecordBatch:
        """Of the variants that a report may show."""
        turns = first_turns((work.source_id(job) for job, _ in work.made), self.seed)
        shown = (
            MadeBy(source_id, self._id(source_id, job), draft.edits())
            for job, draft in work.made
            if (source_id := work.source_id(job)) in turns
        )
        return edits_batch(shown, turns)

    def _id(self, source_id: str, job: Job) -> str:
        return variant_id(source_id, self.augmenters[job.method].label, job.copy)

    def _try(self, work: _Work, jobs: Sequence[Job]) -> dict[Job, str]:
        """Makes what it can; gives the jobs without anything new, and why."""
        why = attempt(
            jobs,
            lambda pending, number: self._drafts(work.columns, pending, number),
            lambda job, draft: self._take(work, job, draft),
        )
        for job, reason in why.items():
            self._count(work, job, reason)
        return why

    def _take(self, work: _Work, job: Job, draft: Draft | Refusal | Exception | None) -> str | None:
        """Takes a draft, or says why not; what failed gets no other attempt."""
        if isinstance(draft, Exception):
            work.failed.append((job, draft))
            self._count(work, job, "rejected")
            return None
        if isinstance(draft, Refusal):
            return f"{REFUSED}/{draft.reason}"
        others = work.taken[work.source_id(job)]
        if draft is None or (key := _squash(*draft.texts)) in others:
            return "exhausted"
        if self._is_held_out(draft):
            return "held_out"
        if isinstance(draft.label, Lost):
            return f"{LABEL_LOST}/{draft.label.reason}"
        others.add(key)
        work.made.append((job, draft))
        self._count(work, job, "variants")
        return None

    def _count(self, work: _Work, job: Job, what: str) -> None:
        start = f"by_augmenter/{self.augmenters[job.method].label}"
        work.counts.update([f"{start}/drawn", f"{start}/{what}"])

    def _redraw(self, work: _Work, unmade: Mapping[Job, str]) -> dict[Job, str]:
        """Tries the other methods one by one; gives the jobs that none of them could do."""
        orders = {
            job[:2]: other_methods(
                work.source_id(job), job.copy, job.method, self.shares, self.seed
            )
            for job in unmade
        }
        lost: dict[Job, str] = {}
        while unmade:
            again = []
            for job, reason in unmade.items():
                method = next(orders[job[:2]], None)
                if method is None:
                    lost[job] = reason
                else:
                    again.append(job._replace(method=method))
            work.counts["redrawn"] += len(again)
            unmade = self._try(work, again)
        return lost

    def _drafts(
        self, columns: Mapping[str, list], jobs: Iterable[Job], attempt: int
    ) -> list[tuple[Job, Draft | Refusal | Exception | None]]:
        """For each job the new texts, None for nothing to do, or what was raised; sorted."""
        drafts: dict[Job, Draft | Refusal | Exception | None] = {}
        for method, group in by_method(jobs):
            drafts.update(zip(group, self._method(columns, group, method, attempt), strict=True))
        return sorted(drafts.items())

    def _method(
        self, columns: Mapping[str, list], jobs: list[Job], method: int, attempt: int
    ) -> Iterator[Draft | Refusal | Exception | None]:
        augmenter = self.augmenters[method]
        drafts: dict[str, list[Variant | Exception | None]] = {}
        for field in ("text", "text_pair"):
            texts = [columns[field][job.row] for job in jobs]
            todo = [place for place, text in enumerate(texts) if text is not None]
            drafts[field] = [None] * len(jobs)
            if field not in self.fields:
                for place, same in zip(todo, unchanged([texts[i] for i in todo]), strict=True):
                    drafts[field][place] = same
                continue
            purpose = augmenter.label if field == "text" else f"{augmenter.label}/{field}"
            request = Request(
                [texts[place] for place in todo],
                [self._seed(columns, jobs[place], purpose, attempt) for place in todo],
                [columns["label"][jobs[place].row] for place in todo],
            )
            answers = self.retries[method](
                lambda some, request=request: augmenter.variants(request.of(some)),
                [columns["source_id"][jobs[place].row] for place in todo],
            )
            for place, answer in zip(todo, answers, strict=True):
                drafts[field][place] = answer
        for job, *both in zip(jobs, drafts["text"], drafts["text_pair"], strict=True):
            if errors := [answer for answer in both if isinstance(answer, Exception)]:
                yield errors[0]
                continue
            text, pair, label = (columns[name][job.row] for name in _READ[1:4])
            if self.project is not None or relabels(both[0]):
                label = label_of(both[0], text, label, self.project or carried)
            draft = Draft(*both, label)
            yield _nothing_new(both) if draft.texts == (text, pair) else draft

    def _seed(self, columns: Mapping[str, list], job: Job, purpose: str, attempt: int) -> int:
        return seed_of(self.seed, columns["source_id"][job.row], purpose, job.copy, attempt)

    def _is_held_out(self, draft: Draft) -> bool:
        if not len(self.held_out):
            return False
        wanted = np.uint64(content_hash(source_id_of(*draft.texts)))
        place = int(np.searchsorted(self.held_out, wanted))
        return place < len(self.held_out) and self.held_out[place] == wanted

    def _rows(self, batch: pa.RecordBatch, made: Sequence[tuple[Job, Draft]]) -> pa.RecordBatch:
        """The variants as rows: those of their sources, with what is different."""
        rows = batch.take(pa.array([job.row for job, _ in made], pa.int64()))
        labels = [self.augmenters[job.method].label for job, _ in made]
        ids = rows.column("source_id").to_pylist()
        changed = {
            "id": [self._id(source_id, job) for source_id, (job, _) in zip(ids, made, strict=True)],
            "text": [draft.texts[0] for _, draft in made],
            "text_pair": [draft.texts[1] for _, draft in made],
            "label": [draft.label for _, draft in made],
            "augmenter": labels,
            "copy": [job.copy for job, _ in made],
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

    needs = (*_READ, "augmenter", "copy", "split")
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


def _nothing_new(variants: Iterable[Variant | None]) -> Refusal | None:
    reasons = [reason for one in variants if (reason := refusal_of(one)) is not None]
    return Refusal(reasons[0]) if reasons else None


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
