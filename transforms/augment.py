"""Variants: `copies` per source example, each by a method drawn in proportion to its share."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from mashbill.models.errors import one_line
from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.examples import (
    ORIGINAL,
    content_hash,
    seed_of,
    source_id_of,
    variant_id,
)
from mashbill.transforms.ledger import Reject, row_reject
from mashbill.transforms.retry import Retry
from mashbill.transforms.stage import Outcome, Stage

ATTEMPTS = 3  # an unlucky draw gets another; an augmenter with nothing to do must not loop


_READ = (
    "source_id",
    "text",
    "text_pair",
    "label",
    "corpus",
)  # the columns that variants are made from

Draft = tuple[str, str | None]  # the new text and text_pair


class Method(NamedTuple):
    """How to build an augmenter, and its share of the copies."""

    spec: Mapping[str, Any]
    share: float


class Job(NamedTuple):
    """One copy to make: the source's row in the batch, the copy's number, the method's index."""

    row: int
    copy: int
    method: int


def assign(
    sources: Iterable[tuple[int, str]], copies: range, shares: Sequence[float], seed: int
) -> list[Job]:
    """Draws a method for each copy of each source (row, id), from the id alone."""
    bounds = np.cumsum(shares) / np.sum(shares)
    places = [(row, source_id, copy) for row, source_id in sources for copy in copies]
    draws = [seed_of(seed, source_id, "method", copy) for _, source_id, copy in places]
    # In [0, 1): the top 53 bits, so that rounding never reaches 1.
    uniforms = (np.array(draws, np.uint64) >> np.uint64(11)) * 2.0**-53
    methods = np.searchsorted(bounds, uniforms, "right").tolist()
    return [Job(row, copy, m) for (row, _, copy), m in zip(places, methods, strict=True)]


def _squash(text: str, text_pair: str | None) -> tuple[str, str]:
    """Texts that differ in white space only are the same variant; case may be what was changed."""
    return " ".join(text.split()), " ".join(text_pair.split()) if text_pair else ""


class Maker:
    """Makes the variants of one batch with some of the recipe's methods.

    Args:
        augmenters: index of the method to its augmenter; copies of other methods are left alone.
        fields: which of `text` and `text_pair` are changed.
        held_out: content hashes (`content_hash`) of the validation and test texts, sorted, uint64;
            no variant may equal one of these texts.
        seed: of the run.
    """

    def __init__(
        self,
        augmenters: Mapping[int, Augmenter],
        fields: Sequence[str],
        held_out: np.ndarray,
        seed: int,
    ):
        self.augmenters, self.fields = augmenters, fields
        self.held_out, self.seed = held_out, seed
        self.retries = {i: Retry(augmenter.label) for i, augmenter in augmenters.items()}

    def make(self, batch: pa.RecordBatch, jobs: Sequence[Job]) -> Outcome:
        """Appends the variants of `jobs`; rows of `batch` that a job names are source examples."""
        columns = {name: batch.column(name).to_pylist() for name in _READ}
        source_ids = columns["source_id"]
        taken = defaultdict(set)
        for source_id, *fields in zip(*map(columns.get, _READ[:3]), strict=True):
            taken[source_id].add(_squash(*fields))
        pending = [job for job in jobs if job.method in self.augmenters]
        counts = Counter({"in": batch.num_rows, "requested": len(pending)})
        made: list[tuple[Job, Draft]] = []
        rejects: list[Reject] = []
        why: dict[Job, str] = {}
        for attempt in range(ATTEMPTS):
            retry = []
            drafts = self._drafts(columns, pending, attempt)
            for (job, draft), is_held_out in zip(drafts, self._held_out(drafts), strict=True):
                if isinstance(draft, Exception):
                    rejects.append(_reject(batch, job, self.augmenters[job.method].label, draft))
                    continue
                others = taken[source_ids[job.row]]
                same = draft is None or (key := _squash(*draft)) in others
                if same or is_held_out:
                    retry.append(job)
                    why[job] = "exhausted" if same else "held_out"
                else:
                    others.add(key)
                    made.append((job, draft))
            pending = retry
        for job in jobs:
            if job.method in self.augmenters:
                counts[f"by_corpus/{columns['corpus'][job.row]}/requested"] += 1
                counts[f"by_augmenter/{self.augmenters[job.method].label}/drawn"] += 1
        for job in pending:
            counts[why[job]] += 1
            counts[f"by_augmenter/{self.augmenters[job.method].label}/{why[job]}"] += 1
        for job, _ in made:
            counts[f"by_augmenter/{self.augmenters[job.method].label}/variants"] += 1
        for reject in rejects:
            counts[f"by_augmenter/{reject.source['augmenter']}/rejected"] += 1
        counts.update(variants=len(made), rejected=len(rejects))
        counts["out"] = batch.num_rows + len(made)
        return Outcome(pa.concat_batches([batch, self._rows(batch, made)]), counts, rejects)

    def _drafts(
        self, columns: Mapping[str, list], jobs: Iterable[Job], attempt: int
    ) -> list[tuple[Job, Draft | Exception | None]]:
        """For each job the new texts, None for nothing to do, or what was raised; sorted."""
        by_method = defaultdict(list)
        for job in jobs:
            by_method[job.method].append(job)
        drafts: dict[Job, Draft | Exception | None] = {}
        for method, group in by_method.items():
            drafts.update(zip(group, self._method(columns, group, method, attempt), strict=True))
        return sorted(drafts.items())

    def _method(
        self, columns: Mapping[str, list], jobs: list[Job], method: int, attempt: int
    ) -> Iterator[Draft | Exception | None]:
        augmenter = self.augmenters[method]
        made = {}
        for field in ("text", "text_pair"):
            column = columns[field]
            made[field] = [column[job.row] for job in jobs]
            if field not in self.fields:
                continue
            todo = [place for place, text in enumerate(made[field]) if text is not None]
            purpose = augmenter.label if field == "text" else f"{augmenter.label}/{field}"
            request = (
                [made[field][place] for place in todo],
                [self._seed(columns, jobs[place], purpose, attempt) for place in todo],
                [columns["label"][jobs[place].row] for place in todo],
            )
            found = self.retries[method](
                lambda some, request=request: augmenter.variants_batch(
                    *([column[i] for i in some] for column in request)
                ),
                [columns["source_id"][jobs[place].row] for place in todo],
            )
            for place, variant in zip(todo, found, strict=True):
                made[field][place] = variant
        for job, *draft in zip(jobs, made["text"], made["text_pair"], strict=True):
            old = [columns["text"][job.row], columns["text_pair"][job.row]]
            errors = [field for field in draft if isinstance(field, Exception)]
            yield errors[0] if errors else None if draft == old else tuple(draft)

    def _seed(self, columns: Mapping[str, list], job: Job, purpose: str, attempt: int) -> int:
        return seed_of(self.seed, columns["source_id"][job.row], purpose, job.copy, attempt)

    def _held_out(self, drafts: Sequence[tuple[Job, Draft | Exception | None]]) -> list[bool]:
        """Whether each draft is one of the held-out texts."""
        found = [False] * len(drafts)
        texts = [place for place, (_, draft) in enumerate(drafts) if isinstance(draft, tuple)]
        if not len(self.held_out) or not texts:
            return found
        hashes = [content_hash(source_id_of(*drafts[place][1])) for place in texts]
        wanted = np.array(hashes, np.uint64)
        nearest = np.searchsorted(self.held_out, wanted).clip(max=len(self.held_out) - 1)
        for match in np.flatnonzero(self.held_out[nearest] == wanted).tolist():
            found[texts[match]] = True
        return found

    def _rows(self, batch: pa.RecordBatch, made: Sequence[tuple[Job, Draft]]) -> pa.RecordBatch:
        """The variants as rows: those of their sources, with what is different."""
        rows = batch.take(pa.array([job.row for job, _ in made], pa.int64()))
        labels = [self.augmenters[job.method].label for job, _ in made]
        ids = rows.column("source_id").to_pylist()
        changed = {
            "id": [
                variant_id(source_id, label, job.copy)
                for source_id, label, (job, _) in zip(ids, labels, made, strict=True)
            ],
            "text": [text for _, (text, _) in made],
            "text_pair": [pair for _, (_, pair) in made],
            "augmenter": labels,
            "copy": [job.copy for job, _ in made],
        }
        columns = [
            pa.array(changed[field.name], field.type) if field.name in changed else column
            for field, column in zip(batch.schema, rows.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


class Augment(Stage):
    """The methods at the positions `chosen`, over batches of sources (and variants made before).

    Two of these make a pipeline's variants: rules first, then what needs a model, so that an
    engine gives its accelerators to the second alone.
    """

    def __init__(
        self,
        name: str,
        methods: Sequence[Method],
        chosen: Sequence[int],
        copies: range,
        fields: Sequence[str],
        splits: Sequence[str],
        seed: int,
    ):
        self.name, self.methods, self.chosen = name, methods, chosen
        self.copies, self.fields, self.splits, self.seed = copies, fields, splits, seed
        self.uses_model = any(build(methods[i].spec).uses_model for i in chosen)

    def setup(self) -> None:
        self.augmenters = {i: build(self.methods[i].spec) for i in self.chosen}
        self.maker: Maker | None = None

    def forward_seconds(self) -> float:
        return sum(augmenter.forward_seconds for augmenter in self.augmenters.values())

    def run(
        self,
        batch: pa.RecordBatch,
        held_out: Iterable[np.ndarray],
        statistics: Statistics | None = None,
    ) -> Outcome:
        if self.maker is None:  # side inputs never change within a job
            bound = {i: bind(augmenter, statistics) for i, augmenter in self.augmenters.items()}
            hashes = np.unique(np.concatenate([np.empty(0, np.uint64), *held_out]))
            self.maker = Maker(bound, self.fields, hashes, self.seed)
        columns = (batch.column(name).to_pylist() for name in ("source_id", "augmenter", "split"))
        sources = [
            (row, source_id)
            for row, (source_id, augmenter, split) in enumerate(zip(*columns, strict=True))
            if augmenter == ORIGINAL and split in self.splits
        ]
        shares = [method.share for method in self.methods]
        return self.maker.make(batch, assign(sources, self.copies, shares, self.seed))


def bind(augmenter: Augmenter, statistics: Statistics | None) -> Augmenter:
    return augmenter.with_statistics(statistics) if augmenter.needs_statistics else augmenter


def _reject(batch: pa.RecordBatch, job: Job, label: str, error: Exception) -> Reject:
    reason = f"{label} failed: {one_line(error)}"
    return row_reject("augment", reason, batch, job.row, augmenter=label, copy=job.copy)
