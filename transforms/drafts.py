"""Drafts of variants: made by methods, tried again where nothing new came of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from mashbill.models.tasks.base import Lost, Task
from mashbill.models.tasks.projection import carried
from mashbill.transforms.assignment import Job, other_methods
from mashbill.transforms.attempts import attempt as attempts
from mashbill.transforms.attempts import by_method
from mashbill.transforms.augmenters.base import Augmenter, Request
from mashbill.transforms.augmenters.edits import Edit, Variant, unchanged
from mashbill.transforms.augmenters.labels import Project, label_of, relabels
from mashbill.transforms.augmenters.refusal import refusal_of
from mashbill.transforms.contract import LABEL_LOST, REFUSED
from mashbill.transforms.examples import content_hash, seed_of, source_id_of
from mashbill.transforms.retry import Retry

# The columns that variants are made from.
READ = ("source_id", "text", "text_pair", "label", "corpus")


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


def _squash(text: str, text_pair: str | None) -> tuple[str, str]:
    """Texts that differ in white space only are the same variant; case may be what was changed."""
    return " ".join(text.split()), " ".join(text_pair.split()) if text_pair else ""


class Work:
    """A batch in the making: its columns, the texts that are taken, and what became of the jobs.

    Attributes:
        made: each job that is done, and its draft.
        failed: each job whose text is at fault, and what was raised.
    """

    def __init__(self, batch: pa.RecordBatch):
        self.columns = {name: batch.column(name).to_pylist() for name in READ}
        self.taken: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for source_id, *fields in zip(*map(self.columns.get, READ[:3]), strict=True):
            self.taken[source_id].add(_squash(*fields))
        self.drafts: list[tuple[Job, Draft]] = []
        self.failed: list[tuple[Job, Exception]] = []
        self.counts = Counter({"in": batch.num_rows})

    def source_id(self, job: Job) -> str:
        return self.columns["source_id"][job.row]

    def count_copies(self, what: str, jobs: Sequence[Job]) -> None:
        self.counts[what] += len(jobs)
        for job in jobs:
            self.counts[f"by_corpus/{self.columns['corpus'][job.row]}/{what}"] += 1


class Drafter:
    """Makes drafts of the variants of a batch.

    Args:
        augmenters: index of the method to its augmenter.
        fields: which of `text` and `text_pair` are changed.
        held_out: content hashes (`content_hash`) of the validation and test texts, sorted, uint64;
            no variant may equal one of these texts.
        seed: of the run.
        shares: of all methods.
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
        task: Task | None = None,
    ):
        self.project: Project | None = task.project if task is not None and task.losses else None
        self.augmenters, self.fields = augmenters, fields
        self.held_out, self.seed, self.shares = held_out, seed, shares
        self.retries = {i: Retry(augmenter.label) for i, augmenter in augmenters.items()}

    def attempt(self, work: Work, jobs: Sequence[Job]) -> dict[Job, str]:
        """Makes what it can; gives the jobs without anything new, and why: `exhausted`, `held_out`,
        `label_lost/REASON` or `refused/REASON`."""
        why = attempts(
            jobs,
            lambda pending, number: self._drafts(work.columns, pending, number),
            lambda job, draft: self._take(work, job, draft),
            lambda job: self.augmenters[job.method].is_random,
        )
        for job, reason in why.items():
            self._count(work, job, reason)
        return why

    def _take(self, work: Work, job: Job, draft: Draft | Refusal | Exception | None) -> str | None:
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
        work.drafts.append((job, draft))
        self._count(work, job, "variants")
        return None

    def _count(self, work: Work, job: Job, what: str) -> None:
        start = f"by_augmenter/{self.augmenters[job.method].label}"
        work.counts.update([f"{start}/drawn", f"{start}/{what}"])

    def redraw(self, work: Work, unmade: Mapping[Job, str]) -> dict[Job, str]:
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
            unmade = self.attempt(work, again)
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
            text, pair, label = (columns[name][job.row] for name in READ[1:4])
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


def _nothing_new(variants: Iterable[Variant | None]) -> Refusal | None:
    reasons = [reason for one in variants if (reason := refusal_of(one)) is not None]
    return Refusal(reasons[0]) if reasons else None
