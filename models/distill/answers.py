"""What a student answers to the rows of a split, beside what its teacher says of them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch

from mashbill.models.classifier import Classifier
from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.losses import NO_LABEL
from mashbill.models.distill.stream import file_tables, logits_of
from mashbill.models.gold_rows import gold_rows, other_rows
from mashbill.models.metrics import classification_metrics, softmax


class Answers(NamedTuple):
    """Attributes:
    student, teacher: logits, float32 [rows, classes].
    labels: int64 [rows], -100 for rows that no accuracy is of.
    """

    student: np.ndarray
    teacher: np.ndarray
    labels: np.ndarray

    def labelled(self) -> "Answers":
        """Those of the rows that accuracy is of."""
        known = self.labels != NO_LABEL
        return Answers(*(column[known] for column in self))

    def metrics(self) -> dict[str, float]:
        """Agreement with the teacher and KL(teacher ‖ student) in nats of all rows and, of those
        with a gold label, what `classification_metrics` says."""
        p, q = softmax(self.teacher), softmax(self.student)
        log = np.log(np.maximum(p, 1e-300)) - np.log(np.maximum(q, 1e-300))
        metrics = {
            "agreement": float((p.argmax(1) == q.argmax(1)).mean()),
            "divergence": float((p * log).sum(1).mean()),
        }
        known = self.labelled()
        if len(known.labels):
            metrics |= classification_metrics(known.student, known.labels)
        return metrics


def answers_to(data: SoftLabelled, split: str, classifier: Classifier) -> Answers:
    """Those of a saved student: first to the split's labelled source examples, apart from the
    others, just as they are computed wherever accuracy is measured."""
    whole = pa.concat_tables(file_tables(data, split))
    found = []
    for table, counts in ((gold_rows(whole), True), (other_rows(whole), False)):
        if not table.num_rows:
            continue
        pairs = table["text_pair"]
        second = None if pairs.null_count == len(pairs) else pairs.fill_null("").to_pylist()
        logits = classifier.logits(table["text"].to_pylist(), second)
        none = np.full(len(logits), NO_LABEL)
        labels = table["label"].to_numpy() if counts else none
        found.append((logits, logits_of(table, len(data.labels)), labels))
    return Answers(*(np.concatenate(column) for column in zip(*found, strict=True)))


@torch.no_grad()
def answers(
    model: torch.nn.Module, batches: Iterable[tuple[np.ndarray, dict[str, Any]]]
) -> Answers:
    """In the order of the rows, whatever order the batches have.

    Args:
        batches: places of the rows, and their tensors; see `split_batches`.
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    places, found = [], []
    for rows, batch in batches:
        inputs = {name: value.to(device) for name, value in batch["inputs"].items()}
        logits = model(**inputs).logits.float().cpu()
        places.append(rows)
        known = batch["rows"]
        found.append((logits.numpy(), known.teacher_logits.numpy(), known.labels.numpy()))
    model.train(was_training)
    order = np.argsort(np.concatenate(places))
    return Answers(*(np.concatenate(column)[order] for column in zip(*found, strict=True)))
