"""The noise that a search is for, and the noise that its result is tested on: never of one kind."""

from mashbill.models.errors import MashbillError
from mashbill.pipelines.evaluation.suites import staying_suites
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.suites.registry import ALL
from mashbill.transforms.suites.suite import Suite


def tested(recipe: Recipe) -> list[Suite]:
    """The suites of the report: all of kind INV that disturb texts in other ways than those of the
    search, or those that `search.report` names.

    Raises:
        MashbillError: a suite does not fit the task, or one that is named is not apart.
    """
    if recipe.task.losses:  # noise may take the labels of words away
        return []
    searched = staying_suites(recipe, recipe.search.suites, "search.suites")
    asked = recipe.search.report
    found = staying_suites(recipe, asked or (ALL,), "search.report")
    near = {one.name: alike(one, searched) for one in found}
    for name in asked:
        if near.get(name):
            raise MashbillError(
                f"search.report: {name} disturbs texts as {near[name]} of search.suites does; the "
                "result must be tested on noise that was not searched for"
            )
    return [one for one in found if not near[one.name]]


def alike(suite: Suite, others: list[Suite]) -> str | None:
    """The first of the others that disturbs texts in the same way."""
    for other in others:
        if suite.name == other.name or suite.uses & other.uses:
            return other.name
    return None
