"""The contract of a task: all that the rest of the program knows of labels.

Labels take three forms. In a table they are a column of `label_type`. In arrays and tensors they
are *gold*: numbers to compute with, of the task's own shape, in which `known` tells the rows that
have a label. To a reader they are a text, see `show`.

Torch is imported by the methods that need it, so that a recipe is read without it.
"""

from collections.abc import Mapping
from typing import Any, Self

from mashbill.models.tasks.answering import Answering
from mashbill.models.tasks.labelling import Labelling, Lost, Parser, as_numpy
from mashbill.models.tasks.learning import Learning
from mashbill.models.tasks.measuring import Calibration, Measure, Measuring
from mashbill.models.tasks.reading import Reading

__all__ = ["Calibration", "Lost", "Measure", "Parser", "Task", "as_numpy"]


class Task(Labelling, Answering, Learning, Measuring, Reading):
    """Base class of all kinds: what labels are, and how models answer, learn and are measured."""

    def calibrated(self, config: Mapping[str, Any]) -> Self:
        """The task with what decides the answers of the model that has this config.json."""
        return self
