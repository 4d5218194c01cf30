"""Every task by its kind, and tasks from what a recipe says."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mashbill.models.errors import MashbillError, words_of
from mashbill.models.kinds import kind_of, one_of
from mashbill.models.plugins import Registry
from mashbill.models.tasks.base import Task
from mashbill.models.tasks.multi import Multi
from mashbill.models.tasks.score import Score
from mashbill.models.tasks.single import Single
from mashbill.models.tasks.spans import Spans

OWN = (Single, Multi, Score, Spans)
TASKS = Registry("mashbill.tasks", Task, OWN, kind_of)
AnyTask = one_of(TASKS)


def task_of(run: Mapping[str, Any]) -> Task:
    """The task of a run, as run.json and the metadata of the files tell it.

    Raises:
        MashbillError: it is of a package that is not installed, or of a newer version.
    """
    section = run.get("task", {"kind": "single"})
    try:
        return TypeAdapter(AnyTask).validate_python(section).over(run["labels"])
    except ValidationError as error:
        reason = words_of(error.errors()[0])
        raise MashbillError(f"the run's task {section!r} is not known here: {reason}") from None


def single(labels: Sequence[str]) -> Single:
    """The task of these classes."""
    return Single().over(labels)
