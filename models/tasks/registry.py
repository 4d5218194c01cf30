"""The kinds of tasks: a union on `kind`, as in a recipe."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from mashbill.models.tasks.base import Task
from mashbill.models.tasks.multi import Multi
from mashbill.models.tasks.score import Score
from mashbill.models.tasks.single import Single
from mashbill.models.tasks.spans import Spans

AnyTask = Annotated[Single | Multi | Score | Spans, Field(discriminator="kind")]


def task_of(run: Mapping[str, Any]) -> Task:
    """The task of a run, as run.json and the metadata of the files tell it."""
    section = run.get("task", {"kind": "single"})
    return TypeAdapter(AnyTask).validate_python(section).over(run["labels"])


def single(labels: Sequence[str]) -> Single:
    """The task of these classes."""
    return Single().over(labels)
