"""The order of the commands: which of them makes a model that another one needs."""

import os
from collections.abc import Mapping

from mashbill.models.errors import MashbillError
from mashbill.pipelines.recipe import Recipe

COMMANDS = ("train-teacher", "adapt-mlm", "generate", "distill", "evaluate")  # as `run` calls them


def made_before(command: str, recipe: Recipe) -> dict[str, str]:
    """Each model folder that the commands before this one make, and which of them makes it.

    Look a model of the recipe up with `maker`: folders are normalised.
    """
    folders = {
        "train-teacher": recipe.teacher.members if recipe.teacher.train else (),
        "adapt-mlm": [recipe.mlm.model] if recipe.mlm else (),
        "distill": [recipe.distill.model] if recipe.distill else (),
    }
    earlier = COMMANDS[: COMMANDS.index(command)]
    return {os.path.normpath(one): name for name in earlier for one in folders.get(name, ())}


def not_made_yet(command: str, recipe: Recipe) -> dict[str, str]:
    """Those of `made_before` whose folder is not there."""
    to_be_made = made_before(command, recipe)
    return {folder: name for folder, name in to_be_made.items() if not os.path.isdir(folder)}


def maker(model: str, makers: Mapping[str, str]) -> str | None:
    """The command that makes a model, if it is one of `made`."""
    return makers.get(os.path.normpath(model))


def refuse_unmade(command: str, recipe: Recipe, model: str) -> None:
    """Raises MashbillError for a model that an earlier command has still to make."""
    if first := maker(model, not_made_yet(command, recipe)):
        raise MashbillError(f"{model} does not exist yet; `mashbill {first}` creates it")
