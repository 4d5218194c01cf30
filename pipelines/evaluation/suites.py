"""The suites that a recipe asks for, by the set that they disturb."""

import os
from collections.abc import Iterable, Sequence

from mashbill.models.errors import MashbillError
from mashbill.models.path_hash import path_hash
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.augmenters.probe import PROBE
from mashbill.transforms.suites.registry import choose
from mashbill.transforms.suites.suite import Suite

TEST = "test"  # the name of the data set's own test split
WORDNET = "synonym.wordnet"


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
    """The suites under which labels stay as they are (INV), with their tables loaded.

    Args:
        recipe: whose task and language they must fit.
        names: as a recipe has them.
        key: where it has them.

    Raises:
        MashbillError: a suite does not fit, lacks its tables, or is named though labels do not
            stay under it.
    """
    suites = _named(recipe, names, key)
    for suite in suites:
        if suite.kind != "INV" and suite.name in names:
            raise MashbillError(f"{key}: suite {suite.name}: its labels do not stay as they are")
    staying = [suite for suite in suites if suite.kind == "INV"]
    try:
        load_tables(staying)
    except MashbillError as error:
        raise MashbillError(f"{key}: {error}") from None
    return staying


def load_tables(suites: Iterable[Suite]) -> None:
    """Raises MashbillError for a suite that lacks what it is made with."""
    for suite in suites:
        try:
            for level in range(1, len(suite.levels) + 1):
                suite.texts([PROBE], level)
        except MashbillError as error:
            reads = ", which reads evaluate.wordnet" if WORDNET in suite.made_by else ""
            raise MashbillError(f"suite {suite.name}{reads}: {error}") from None


def files_hash(recipe: Recipe) -> str | None:
    """Of the files that suites take words from; None where the recipe names none that are there."""
    wordnet = recipe.evaluate and recipe.evaluate.wordnet
    return path_hash(wordnet) if wordnet and os.path.isdir(wordnet) else None


def _named(recipe: Recipe, names: Sequence[str], key: str) -> list[Suite]:
    wordnet = recipe.evaluate and recipe.evaluate.wordnet
    classes = recipe.labels if recipe.task.has_classes else ()
    try:
        return choose(names, classes, wordnet, recipe.is_pair_task, recipe.language)
    except MashbillError as error:
        raise MashbillError(f"{key}: {error}") from None
