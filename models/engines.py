"""What computes a task's scores of many texts."""

from mashbill.models.classifier import Classifier
from mashbill.models.tagger import Tagger
from mashbill.models.tasks.base import Task


def engine_of(task: Task) -> type[Classifier] | type[Tagger]:
    """The engine for models of the task."""
    return Classifier if task.one_answer else Tagger
