"""mashbill: augments text corpora, labels them softly with a teacher, and distils students.

The names below are all that a script or a notebook needs; nothing is imported before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mashbill.models.cascade import Answered, Cascade
    from mashbill.models.errors import MashbillError
    from mashbill.pipelines.adapt_mlm import adapt_mlm
    from mashbill.pipelines.api import check, generate, read_dataset, run
    from mashbill.pipelines.api import evaluation as evaluate
    from mashbill.pipelines.distill import distill
    from mashbill.pipelines.recipe import Recipe
    from mashbill.pipelines.recipe_file import load_recipe
    from mashbill.pipelines.train_teacher import train_teacher
    from mashbill.transforms.augmenters.edits import Edit
    from mashbill.transforms.in_memory import Augmented, augment

__all__ = [
    "Answered",
    "Augmented",
    "Cascade",
    "Edit",
    "MashbillError",
    "Recipe",
    "adapt_mlm",
    "augment",
    "check",
    "distill",
    "evaluate",
    "generate",
    "load_recipe",
    "read_dataset",
    "run",
    "train_teacher",
]
_OWNERS = {
    "Answered": "models.cascade",
    "Augmented": "transforms.in_memory",
    "Cascade": "models.cascade",
    "Edit": "transforms.augmenters.edits",
    "MashbillError": "models.errors",
    "Recipe": "pipelines.recipe",
    "adapt_mlm": "pipelines.adapt_mlm",
    "augment": "transforms.in_memory",
    "check": "pipelines.api",
    "distill": "pipelines.distill",
    "evaluate": "pipelines.api:evaluation",
    "generate": "pipelines.api",
    "load_recipe": "pipelines.recipe_file",
    "read_dataset": "pipelines.api",
    "run": "pipelines.api",
    "train_teacher": "pipelines.train_teacher",
}


def __getattr__(name: str) -> Any:
    if name not in _OWNERS:
        raise AttributeError(f"module 'mashbill' has no attribute {name!r}")
    module, _, other = _OWNERS[name].partition(":")
    return getattr(import_module(f"mashbill.{module}"), other or name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
