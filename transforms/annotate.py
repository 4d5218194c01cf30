"""Soft labels: the frozen teacher's raw logits for every row, and what follows from them."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from mashbill.models.errors import one_line
from mashbill.models.loading import read_config
from mashbill.models.settings import ALL
from mashbill.models.tasks.base import Task
from mashbill.models.teachers import TeacherSpec, Words
from mashbill.transforms.contract import Column
from mashbill.transforms.examples import fold_of, is_variant, source_places
from mashbill.transforms.ledger import row_reject
from mashbill.transforms.retry import Retry
from mashbill.transforms.stage import Outcome, Stage, by_augmenter, drop
from mashbill.transforms.window import Reading, cut_sources, same_within

TEACHER = "the teacher"

Logits = Callable[[Sequence[str], Sequence[str] | None], np.ndarray]
LogitsOfFolds = Callable[[Sequence[str], Sequence[str] | None, np.ndarray], np.ndarray]


def annotate(
    batch: pa.RecordBatch,
    logits: Logits | LogitsOfFolds,
    task: Task,
    retry: Retry | None = None,
    folds: int | None = None,
) -> Outcome:
    """Appends `teacher_logits`, see `Task.scores_column`, and what `Task.added` names.

    Rows at which the teacher fails become rejects; see `Retry` for what ends the run.

    Args:
        folds: parts of the train split, if `logits` wants to know in which a row is.
    """
    texts, pairs = _texts(batch)
    of_rows = None if folds is None else _folds(batch, folds)

    def label(places: Sequence[int]) -> np.ndarray:
        seconds = None if pairs is None else [pairs[place] for place in places]
        told = () if of_rows is None else (of_rows[list(places)],)
        return logits([texts[place] for place in places], seconds, *told)

    answers = (retry or Retry(TEACHER))(label, batch.column("source_id").to_pylist())
    errors = {row: answer for row, answer in enumerate(answers) if isinstance(answer, Exception)}
    rows = [answer for row, answer in enumerate(answers) if row not in errors]
    good = [row for row in range(batch.num_rows) if row not in errors]
    kept = batch.take(pa.array(good, pa.int64()))
    if rows:
        kept = kept.append_column("teacher_logits", task.scores_column(rows))
        for name, column in task.added_columns(kept).items():
            kept = kept.append_column(name, column)
    rejects = [
        row_reject("annotate", f"{TEACHER} failed: {one_line(error)}", batch, row)
        for row, error in errors.items()
    ]
    counts = {"in": batch.num_rows, "rejected": len(rejects), "out": kept.num_rows}
    return Outcome(kept, counts, rejects)


def _folds(batch: pa.RecordBatch, folds: int) -> np.ndarray:
    """Of the labelled train rows, which all but one member may have been trained on."""
    trained = np.logical_and(
        [split == "train" for split in batch.column("split").to_pylist()],
        batch.column("label").is_valid().to_numpy(zero_copy_only=False),
    )
    own = [fold_of(source_id, folds) for source_id in batch.column("source_id").to_pylist()]
    return np.where(trained, np.array(own, np.int64), ALL)


def _texts(batch: pa.RecordBatch) -> tuple[list[str], list[str] | None]:
    """Texts and, if any row has one, second texts."""
    pairs = batch.column("text_pair").to_pylist()
    has_pairs = any(pair is not None for pair in pairs)
    return batch.column("text").to_pylist(), [p or "" for p in pairs] if has_pairs else None


def annotate_within(
    batch: pa.RecordBatch,
    logits: Logits | LogitsOfFolds,
    windows: Reading,
    task: Task,
    retry: Retry | None = None,
    folds: int | None = None,
) -> Outcome:
    """`annotate` of the rows that the teacher can tell from their source; see `same_within`.

    Counts as `truncated` the source examples of which it does not read the end.
    """
    read = windows(*_texts(batch))
    told_apart = drop(batch, {"beyond_window": same_within(batch, read)})
    outcome = annotate(told_apart.batch, logits, task, retry, folds)
    counts = {**told_apart.counts, "truncated": cut_sources(batch, read)}
    for name in ("rejected", "out"):
        counts[name] = outcome.counts[name]
    return outcome._replace(counts=counts)


SCORES = Column(
    "teacher_logits",
    "scores",
    "the teacher's raw scores, one per class, in the order of the labels",
)
SCORES_OF_WORDS = SCORES._replace(about="the teacher's raw scores, of each word one per tag")


class Annotate(Stage):
    """The teacher of a task over batches.

    Args:
        task: what the texts are labelled with.
        teacher: what labels them.
    """

    name = "annotate"
    needs = ("text", "text_pair", "label", "source_id", "augmenter")
    loses = ("dropped/beyond_window", "rejected")
    uses_model = True

    def __init__(self, task: Task, teacher: TeacherSpec):
        self.task, self.spec = task, teacher
        if teacher.folds is not None:
            self.needs = (*self.needs, "split")
        added = (Column(name, name, about) for name, about in task.added.items())
        self.adds = (SCORES if task.one_answer else SCORES_OF_WORDS, *added)
        self.retry = Retry(TEACHER)

    def setup(self) -> None:
        super().setup()
        self.teacher = self.spec.load(self.task)

    def forward_seconds(self) -> float:
        return self.teacher.forward_seconds

    def run(self, batch: pa.RecordBatch) -> Outcome:
        how = (self.teacher.logits, self.teacher.windows, self.task, self.retry, self.spec.folds)
        before = self._spent()
        outcome = annotate_within(batch, *how)
        outcome.counts.update(self._spent() - before)
        return outcome

    def _spent(self) -> Counter[str]:
        """What a server was paid so far."""
        asked = isinstance(self.spec.asks, Words) and self.spec.asks.endpoint is not None
        return self.teacher.spent() if asked else Counter()


LABEL = Column(
    "teacher_label", "answer", "the teacher's answer; a class is that of its highest score"
)
CONFIDENCE = Column("teacher_confidence", "float32", "its probability at temperature 1")
WEIGHT = Column("weight", "float32", "training weight")


class TeacherFilter(Stage):
    """Says what the teacher's scores come to, gives every row its training weight, and drops
    variants by what the teacher says of them.

    Args:
        task: whose answers the teacher gives.
        weight: what it follows, as the recipe says it.
        model: the teacher, whose config.json may decide its answers.
    """

    name = "teacher_filter"

    def __init__(self, task: Task, weight: str, model: str | None = None):
        self.task, self.weight, self.model = task, weight, model
        sure = (CONFIDENCE,) if task.has_confidence else ()
        self.adds = (LABEL, *sure, WEIGHT)
        needs = ("teacher_logits", "source_id", "augmenter", *task.gold_columns)
        self.needs = (*needs, "similarity") if weight == "similarity" else needs

    def setup(self) -> None:
        super().setup()
        if self.model is not None:
            self.task = self.task.calibrated(read_config(self.model))

    def run(self, batch: pa.RecordBatch) -> Outcome:
        logits = self.task.scores(batch.column("teacher_logits"))
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
        came = by_augmenter(batch.column("augmenter").to_pylist(), "in")
        counts = {"in": batch.num_rows, **came, "out": batch.num_rows}
        return Outcome(batch, {**counts, **labels_kept(self.task, batch, verdict)})


def labels_kept(task: Task, batch: pa.RecordBatch, verdict: np.ndarray) -> dict[str, int]:
    """By augmenter, the variants of which the source is there too (`judged`), and those of them to
    which the teacher gives the label that it gives their source (`label_kept`).

    Counted of all that it sees: of what filters by the same have kept, it would always be all.
    """
    places = source_places(batch)
    judged = np.flatnonzero(is_variant(batch) & (places >= 0))
    kept = judged[task.agree(verdict[places[judged]], verdict[judged])]
    augmenters = batch.column("augmenter").to_pylist()
    return {
        **by_augmenter([augmenters[i] for i in judged], "judged"),
        **by_augmenter([augmenters[i] for i in kept], "label_kept"),
    }


class VariantsOnly(Stage):
    """Drops the source examples: another data set has them."""

    name = "variants_only"
    needs = ("augmenter",)
    loses = ("dropped/source",)

    def run(self, batch: pa.RecordBatch) -> Outcome:
        return drop(batch, {"source": ~is_variant(batch)})
