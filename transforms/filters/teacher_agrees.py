"""Variants that the teacher gives another label."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PrivateAttr

from mashbill.models.tasks.base import Task
from mashbill.transforms.examples import is_new, source_places
from mashbill.transforms.filters.base import Filter


class TeacherAgrees(Filter):
    """Drops variants to which the teacher gives another label than the gold label, or, where there
    is none, than the label that it gives their source; of scores, one further from that of their
    source than `task.tolerance`."""

    kind: Literal["teacher_agrees"] = Field(
        "teacher_agrees", description="drops variants to which the teacher gives another label"
    )

    reads: ClassVar[tuple[str, ...]] = ("teacher_label", "label", "source_id", "augmenter")
    reasons: ClassVar[tuple[str, ...]] = ("teacher_agrees",)

    _task: Task | None = PrivateAttr(None)

    def bound(self, language: str, task: Task) -> Self:
        copy = self.model_copy()
        copy._task = task
        return copy

    def drops(self, batch: pa.RecordBatch) -> Mapping[str, np.ndarray]:
        verdict = self._task.gold(batch.column("teacher_label"))
        agrees = self._task.agree(expected(self._task, batch, verdict), verdict)
        return {"teacher_agrees": ~(agrees | is_new(batch))}


def expected(task: Task, batch: pa.RecordBatch, verdict: np.ndarray) -> np.ndarray:
    """The label each row should have, as gold; unknown where nothing tells.

    Args:
        task: whose labels they are.
        batch: of rows.
        verdict: what the teacher says of each row, as gold.
    """
    places = source_places(batch)
    of_source = task.unknown(batch.num_rows)
    of_source[places >= 0] = verdict[places[places >= 0]]
    return task.expected(task.gold_of(batch), of_source)
