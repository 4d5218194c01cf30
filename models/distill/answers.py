"""What a student answers to the rows of a split, beside what its teacher says of them."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch

from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.stream import file_tables
from mashbill.models.engine import Engine
from mashbill.models.gold_rows import gold_rows, other_rows
from mashbill.models.tasks.base import Calibration, Task


class Answers(NamedTuple):
    """What both models answer to the same rows.

    Attributes:
        student, teacher: logits, float32 [rows, classes].
        labels: gold labels, see `Task.gold`; unknown for rows that no accuracy is of.
        task: of the student, with its thresholds.
    """

    student: np.ndarray
    teacher: np.ndarray
    labels: np.ndarray
    task: Task

    def labelled(self) -> "Answers":
        """Those of the rows that accuracy is of."""
        known = self.task.known(self.labels)
        return Answers(*(column[known] for column in self[:3]), self.task)

    def metrics(self) -> dict[str, float]:
        """`Task.likeness` to the teacher of all rows and, of those with a gold label,
        `Task.metrics`."""
        known = self.labelled()
        of_gold = self.task.metrics(known.student, known.labels) if len(known.labels) else {}
        return self.task.likeness(self.teacher, self.student) | of_gold

    def scaled_metrics(self, calibration: Calibration) -> dict[str, float] | None:
        """`metrics` after `Task.calibrate`; None where that scales nothing."""
        scaled = self.task.scaled(self.student, calibration)
        if scaled is None:
            return None
        known = self.labelled()
        of_gold = (
            self.task.scaled_metrics(known.student, known.labels, calibration)
            if len(known.labels)
            else {}
        )
        return self.task.likeness(self.teacher, scaled) | of_gold


def answers_to(data: SoftLabelled, split: str, classifier: Engine) -> Answers:
    """Those of a saved student: first to the split's labelled source examples, apart from the
    others, just as they are computed wherever accuracy is measured."""
    whole = pa.concat_tables(file_tables(data, split))
    task = data.task.calibrated(classifier.model.config.to_dict())
    found = []
    for table, counts in ((gold_rows(whole), True), (other_rows(whole), False)):
        if not table.num_rows:
            continue
        pairs = table["text_pair"]
        second = None if pairs.null_count == len(pairs) else pairs.fill_null("").to_pylist()
        logits = classifier.logits(table["text"].to_pylist(), second)
        labels = task.gold_of(table) if counts else task.unknown(len(logits))
        found.append((logits, task.scores(table["teacher_logits"]), labels))
    return Answers(*(np.concatenate(column) for column in zip(*found, strict=True)), task)


@torch.no_grad()
def answers(
    model: torch.nn.Module,
    batches: Iterable[tuple[np.ndarray, dict[str, Any]]],
    task: Task,
    gather: Callable[[list], list] = lambda found: found,
) -> Answers:
    """In the order of the rows, whatever order the batches have.

    Args:
        batches: places of the rows, and their tensors; see `split_batches`.
        task: in the units of the batches.
        gather: puts what each process has found end to end, where each has some of the batches.
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    places, computed = [], []
    for rows, batch in batches:
        inputs = {name: value.to(device) for name, value in batch["inputs"].items()}
        places.append(rows)
        computed.append((model(**inputs).logits.float(), batch["rows"]))
    model.train(was_training)
    found = []
    for logits, known in computed:  # now first, so that a GPU is not waited for after each batch
        teacher = known.teacher_logits.cpu()
        found.append(task.of_tokens(teacher, logits.cpu(), teacher, known.labels.cpu()))
    places, found = gather(places), gather(found)
    order = np.argsort(np.concatenate(places))
    return Answers(*(np.concatenate(column)[order] for column in zip(*found, strict=True)), task)
