"""Soft labels: the frozen teacher's raw logits for every row, and what the recipe asks of them."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from mashbill.models.classifier import Classifier
from mashbill.models.errors import one_line
from mashbill.models.loading import read_config
from mashbill.models.tasks.base import Task
from mashbill.transforms.contract import Column
from mashbill.transforms.ledger import row_reject
from mashbill.transforms.retry import Retry
from mashbill.transforms.stage import Outcome, Stage, by_augmenter, drop
from mashbill.transforms.window import Windows, cut_sources, is_variant, same_within

TEACHER = "the teacher"

Logits = Callable[[Sequence[str], Sequence[str] | None], np.ndarray]


def annotate(batch: pa.RecordBatch, logits: Logits, retry: Retry | None = None) -> Outcome:
    """Appends `teacher_logits` (fixed-size list of float32, one per class).

    Rows at which the teacher fails become rejects; see `Retry` for what ends the run.
    """
    texts, pairs = _texts(batch)

    def label(places: Sequence[int]) -> np.ndarray:
        seconds = None if pairs is None else [pairs[place] for place in places]
        return logits([texts[place] for place in places], seconds)

    answers = (retry or Retry(TEACHER))(label, batch.column("source_id").to_pylist())
    errors = {row: answer for row, answer in enumerate(answers) if isinstance(answer, Exception)}
    rows = [answer for row, answer in enumerate(answers) if row not in errors]
    good = [row for row in range(batch.num_rows) if row not in errors]
    kept = batch.take(pa.array(good, pa.int64()))
    if rows:
        matrix = np.stack(rows).astype(np.float32, copy=False)
        column = pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])
        kept = kept.append_column("teacher_logits", column)
    rejects = [
        row_reject("annotate", f"{TEACHER} failed: {one_line(error)}", batch, row)
        for row, error in errors.items()
    ]
    counts = {"in": batch.num_rows, "rejected": len(rejects), "out": kept.num_rows}
    return Outcome(kept, counts, rejects)


def _texts(batch: pa.RecordBatch) -> tuple[list[str], list[str] | None]:
    """Texts and, if any row has one, second texts."""
    pairs = batch.column("text_pair").to_pylist()
    has_pairs = any(pair is not None for pair in pairs)
    return batch.column("text").to_pylist(), [p or "" for p in pairs] if has_pairs else None


def annotate_within(
    batch: pa.RecordBatch, logits: Logits, windows: Windows, retry: Retry | None = None
) -> Outcome:
    """`annotate` of the rows that the teacher can tell from their source; see `same_within`.

    Counts as `truncated` the source examples of which it does not read the end.
    """
    read = windows(*_texts(batch))
    told_apart = drop(batch, {"beyond_window": same_within(batch, read)})
    outcome = annotate(told_apart.batch, logits, retry)
    counts = {**told_apart.counts, "truncated": cut_sources(batch, read)}
    for name in ("rejected", "out"):
        counts[name] = outcome.counts[name]
    return outcome._replace(counts=counts)


class Annotate(Stage):
    """The teacher over batches; `max_length` in tokens."""

    name = "annotate"
    needs = ("text", "text_pair", "source_id", "augmenter")
    adds = (
        Column(
            "teacher_logits",
            "scores",
            "the teacher's raw scores, one per class, in the order of the labels",
        ),
    )
    loses = ("dropped/beyond_window", "rejected")
    uses_model = True

    def __init__(self, model: str, max_length: int, precision: str):
        self.model, self.max_length, self.precision = model, max_length, precision
        self.retry = Retry(TEACHER)

    def setup(self) -> None:
        self.teacher = Classifier.load(
            self.model, max_length=self.max_length, precision=self.precision
        )

    def forward_seconds(self) -> float:
        return self.teacher.forward_seconds

    def run(self, batch: pa.RecordBatch) -> Outcome:
        return annotate_within(batch, self.teacher.logits, self.teacher.windows, self.retry)


def teacher_logits(batch: pa.RecordBatch) -> np.ndarray:
    """float32 [n, k]."""
    column = batch.column("teacher_logits")
    return column.flatten().to_numpy().reshape(len(column), -1)


LABEL = Column(
    "teacher_label", "label", "the teacher's answer; a class is that of its highest score"
)
CONFIDENCE = Column("teacher_confidence", "float32", "its probability at temperature 1")
WEIGHT = Column("weight", "float32", "training weight")


class TeacherFilter(Stage):
    """Drops variants that the teacher doubts and gives every row its training weight.

    `teacher_agrees`: the variant's teacher label is the one that `Task.expected` says. Adds
    `teacher_label`, `weight` and, where an answer has one, `teacher_confidence`.
    """

    name = "teacher_filter"

    def __init__(
        self,
        task: Task,
        teacher_agrees: bool,
        min_confidence: float,
        weight: str,
        model: str | None = None,
    ):
        self.task, self.model = task, model
        self.teacher_agrees = teacher_agrees
        self.min_confidence = min_confidence
        self.weight = weight
        sure = (CONFIDENCE,) if task.has_confidence else ()
        self.adds = (LABEL, *sure, WEIGHT)
        needs = ("teacher_logits", "source_id", "augmenter", "label")
        self.needs = (*needs, "similarity") if weight == "similarity" else needs
        limits = {"teacher_agrees": teacher_agrees, "min_confidence": min_confidence}
        self.loses = tuple(f"dropped/{why}" for why, limit in limits.items() if limit)

    def setup(self) -> None:
        if self.model is not None:
            self.task = self.task.calibrated(read_config(self.model))

    def run(self, batch: pa.RecordBatch) -> Outcome:
        logits = teacher_logits(batch)
        verdict = self.task.predict(logits)
        confidence = self.task.confidence(logits) if self.task.has_confidence else None
        weight = np.ones(batch.num_rows, dtype=np.float32)
        if self.weight == "confidence":
            weight = confidence
        elif self.weight == "similarity":
            similarity = batch.column("similarity").fill_null(1.0)
            weight = similarity.to_numpy(zero_copy_only=False).clip(0, 1)
        batch = batch.append_column("teacher_label", self.task.column(verdict))
        if confidence is not None:
            batch = batch.append_column("teacher_confidence", pa.array(confidence, pa.float32()))
        batch = batch.append_column("weight", pa.array(weight, pa.float32()))
        variant = is_variant(batch)
        reasons = {}
        if self.teacher_agrees:
            expected = expected_labels(self.task, batch, verdict)
            reasons["teacher_agrees"] = variant & ~self.task.agree(expected, verdict)
        if self.min_confidence:
            reasons["min_confidence"] = variant & (confidence < self.min_confidence)
        outcome = drop(batch, reasons)
        return outcome._replace(counts={**outcome.counts, **labels_kept(self.task, batch, verdict)})


def labels_kept(task: Task, batch: pa.RecordBatch, verdict: np.ndarray) -> dict[str, int]:
    """By augmenter, the variants of which the source is there too (`judged`), and those of them to
    which the teacher gives the label that it gives their source (`label_kept`).

    Counted of all that it sees: of what filters by the same have kept, it would always be all.
    """
    of_source = said_of_sources(task, batch, verdict)
    judged = is_variant(batch) & task.known(of_source)
    kept = judged & task.agree(of_source, verdict)
    augmenters = np.array(batch.column("augmenter").to_pylist(), object)
    return {
        **by_augmenter(augmenters[judged].tolist(), "judged"),
        **by_augmenter(augmenters[kept].tolist(), "label_kept"),
    }


def said_of_sources(task: Task, batch: pa.RecordBatch, verdict: np.ndarray) -> np.ndarray:
    """What the teacher says of the source of each row, as gold; unknown where it is not there.

    Args:
        verdict: what the teacher says of each row, as gold.
    """
    source_ids = batch.column("source_id").to_pylist()
    places = {source_ids[i]: i for i in np.flatnonzero(~is_variant(batch))}
    of_source = task.unknown(batch.num_rows)
    found = [(row, places[i]) for row, i in enumerate(source_ids) if i in places]
    if found:
        rows, sources = map(list, zip(*found, strict=True))
        of_source[rows] = verdict[sources]
    return of_source


def expected_labels(task: Task, batch: pa.RecordBatch, verdict: np.ndarray) -> np.ndarray:
    """The label each row should have, as gold; unknown where nothing tells."""
    of_source = said_of_sources(task, batch, verdict)
    return task.expected(task.gold(batch.column("label")), of_source)


class VariantsOnly(Stage):
    """Drops the source examples: another data set has them."""

    name = "variants_only"
    needs = ("augmenter",)
    loses = ("dropped/source",)

    def run(self, batch: pa.RecordBatch) -> Outcome:
        return drop(batch, {"source": ~is_variant(batch)})
