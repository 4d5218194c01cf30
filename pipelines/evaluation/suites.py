"""The suites that a recipe asks for, by the set that they disturb."""

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
    classes = recipe.labels if recipe.task.has_classes else ()
    asked = [("evaluate.suites", TEST, section.suites)]
    for place, one in enumerate(section.sets):
        asked.append((f"evaluate.sets.{place}.suites", one.name, one.suites))
    chosen = {}
    for key, name, suites in asked:
        try:
            chosen[name] = choose(
                suites, classes, section.wordnet, recipe.is_pair_task, recipe.language
            )
        except MashbillError as error:
            raise MashbillError(f"{key}: {error}") from None
    return chosen
