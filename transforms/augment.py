"""Variants: `copies` per source example, each by a method drawn in proportion to its share."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from transforms.augmenters.base import Augmenter
from transforms.augmenters.registry import build
from transforms.augmenters.statistics import Statistics
from transforms.examples import (
    ORIGINAL,
    content_hash,
    seed_of,
    source_id_of,
    variant_id,
)
from transforms.ledger import Reject
from transforms.stage import Outcome, Stage

ATTEMPTS = 3  # an unlucky draw gets another; an augmenter with nothing to do must not loop


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
    sources: Iterable[tuple[int, str]], copies: int, shares: Sequence[float], seed: int
) -> list[Job]:
    """Draws a method for each copy (1…copies) of each source (row, id), from the id alone."""
    bounds = np.cumsum(shares) / np.sum(shares)
    return [
        Job(row, copy, int(np.searchsorted(bounds, _uniform(seed, source_id, copy), "right")))
        for row, source_id in sources
        for copy in range(1, copies + 1)
    ]


def _uniform(seed: int, source_id: str, copy: int) -> float:
    """In [0, 1): the top 53 bits, so that rounding never reaches 1."""
    return (seed_of(seed, source_id, "method", copy) >> 11) / 2**53


def _squash(fields: Iterable[str | None]) -> tuple[str, ...]:
    """Texts that differ in white space only are the same variant; case may be what was changed."""
    return tuple(" ".join((field or "").split()) for field in fields)


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

    def make(self, batch: pa.RecordBatch, jobs: Sequence[Job]) -> Outcome:
        """Appends the variants of `jobs`; rows of `batch` that a job names are source examples."""
        rows = batch.to_pylist()
        taken = defaultdict(set)
        for row in rows:
            taken[row["source_id"]].add(_squash((row["text"], row["text_pair"])))
        pending = [job for job in jobs if job.method in self.augmenters]
        counts = Counter({"in": batch.num_rows, "requested": len(pending)})
        variants: list[dict] = []
        rejects: list[Reject] = []
        for attempt in range(ATTEMPTS):
            retry, why = [], {}
            drafts = self._drafts(rows, pending, attempt)
            for job, draft in sorted(drafts.items()):
                source, label = rows[job.row], self.augmenters[job.method].label
                if isinstance(draft, Exception):
                    rejects.append(_reject(source, label, job.copy, draft))
                    counts[f"by_augmenter/{label}/rejected"] += 1
                elif draft is None or _squash(draft) in taken[source["source_id"]]:
                    retry.append(job)
                    why[job] = "exhausted"
                elif self._is_held_out(draft):
                    retry.append(job)
                    why[job] = "held_out"
                else:
                    taken[source["source_id"]].add(_squash(draft))
                    variants.append(_variant(source, label, job.copy, draft))
                    counts[f"by_augmenter/{label}/variants"] += 1
            pending = retry
        for job in pending:
            counts[why[job]] += 1
            counts[f"by_augmenter/{self.augmenters[job.method].label}/{why[job]}"] += 1
        counts.update(variants=len(variants), rejected=len(rejects))
        counts["out"] = batch.num_rows + len(variants)
        made = pa.RecordBatch.from_pylist(variants, schema=batch.schema)
        return Outcome(pa.concat_batches([batch, made]), counts, rejects)

    def _drafts(self, rows: list[dict], jobs: Iterable[Job], attempt: int) -> dict[Job, Any]:
        """For each job the new (text, text_pair), None for nothing to do, or what was raised."""
        by_method = defaultdict(list)
        for job in jobs:
            by_method[job.method].append(job)
        return {
            job: draft
            for method, group in by_method.items()
            for job, draft in zip(group, self._method(rows, group, method, attempt), strict=True)
        }

    def _method(self, rows: list[dict], jobs: list[Job], method: int, attempt: int) -> Iterator:
        augmenter = self.augmenters[method]
        results = {}
        for field in self.fields:
            todo = [job for job in jobs if rows[job.row][field] is not None]
            variants = each_or_error(
                augmenter.variants_batch,
                [rows[job.row][field] for job in todo],
                [self._seed(rows, job, augmenter, field, attempt) for job in todo],
                [rows[job.row]["label"] for job in todo],
            )
            results[field] = dict(zip(todo, variants, strict=True))
        for job in jobs:
            source = rows[job.row]
            made = {field: found[job] for field, found in results.items() if job in found}
            errors = [value for value in made.values() if isinstance(value, Exception)]
            if errors:
                yield errors[0]
            elif all(source[field] == text for field, text in made.items()):
                yield None
            else:
                yield tuple(made.get(field, source[field]) for field in ("text", "text_pair"))

    def _seed(self, rows, job: Job, augmenter: Augmenter, field: str, attempt: int) -> int:
        purpose = augmenter.label if field == "text" else f"{augmenter.label}/{field}"
        return seed_of(self.seed, rows[job.row]["source_id"], purpose, job.copy, attempt)

    def _is_held_out(self, draft: tuple[str, str | None]) -> bool:
        if not len(self.held_out):
            return False
        wanted = content_hash(source_id_of(*draft))
        place = np.searchsorted(self.held_out, wanted)
        return place < len(self.held_out) and self.held_out[place] == wanted


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
        copies: int,
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


def each_or_error(
    call: Callable[..., list], texts: list[str], seeds: list[int], labels: list[int | None]
) -> list:
    """What an augmenter's `variants_batch` or `augment_batch` says of each text.

    Where the batch as a whole raises, each text is tried by itself; what that raises is its answer.
    """
    try:
        return list(call(texts, seeds, labels))
    except Exception as error:
        if len(texts) == 1:
            return [error]
        return [
            each_or_error(call, [text], [seed], [label])[0]
            for text, seed, label in zip(texts, seeds, labels, strict=True)
        ]


def _variant(source: dict, label: str, copy: int, draft: tuple[str, str | None]) -> dict:
    text, text_pair = draft
    identity = variant_id(source["source_id"], label, copy)
    made = {"id": identity, "text": text, "text_pair": text_pair, "augmenter": label, "copy": copy}
    return {**source, **made}


def _reject(source: dict, label: str, copy: int, error: Exception) -> Reject:
    where = {"corpus": source["corpus"], "id": source["id"], "augmenter": label, "copy": copy}
    return Reject("augment", f"{label} failed: {type(error).__name__}: {error}", where, source)
