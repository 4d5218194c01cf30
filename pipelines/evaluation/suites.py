"""The suites that a recipe asks for, by the set that they disturb."""

from collections.abc import Sequence

from mashbill.models.errors import MashbillError
from mashbill.pipelines.evaluation.sets import TEST
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.suites.registry import choose
from mashbill.transforms.suites.suite import Suite


def suites_of_sets(recipe: Recipe) -> dict[str, list[Suite]]:
    """The name of each set, the data set's test split first, to its suites.

    Raises:
        MashbillError: a suite does not fit the task; names its key in the recipe.
    """
    section = recipe.evaluate
    if section is None:
        return {}
    asked = [("evaluate.suites", TEST, section.suites)]
    for place, one in enumerate(section.sets):
        asked.append((f"evaluate.sets.{place}.suites", one.name, one.suites))
    return {name: _named(recipe, suites, key) for key, name, suites in asked}


def staying_suites(recipe: Recipe, names: Sequence[str], key: str) -> list[Suite]:
    """The suites under which labels stay as they are (INV).

    Args:
        recipe: whose task and language they must fit.
        names: as a recipe has them.
        key: where it has them.

    Raises:
        MashbillError: a suite does not fit, or is named though labels do not stay under it.
    """
    suites = _named(recipe, names, key)
    for suite in suites:
        if suite.kind != "INV" and suite.name in names:
            raise MashbillError(f"{key}: suite {suite.name}: its labels do not stay as they are")
    return [suite for suite in suites if suite.kind == "INV"]


def _named(recipe: Recipe, names: Sequence[str], key: str) -> list[Suite]:
    wordnet = recipe.evaluate and recipe.evaluate.wordnet
    classes = recipe.labels if recipe.task.has_classes else ()
    try:
        return choose(names, classes, wordnet, recipe.is_pair_task, recipe.language)
    except MashbillError as error:
        raise MashbillError(f"{key}: {error}") from None
