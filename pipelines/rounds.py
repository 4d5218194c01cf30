"""Rounds: each but the first adds variants by an assistant that plays against the last student.

Round 1 is the recipe itself. Before round n > 1 the assistant is trained against the student of
round n - 1; then the round's variants go into a data set of their own, OUT/rounds/n, which holds
variants alone, and a student is trained on all that there is.
"""

from mashbill.models.distill.student import FromCheckpoint
from mashbill.pipelines.output import round_folder
from mashbill.pipelines.recipe import Method, Recipe


def student_recipe(recipe: Recipe, number: int) -> Recipe:
    """How the student of a round is trained; the last round's is the recipe's own."""
    distill = recipe.distill
    model = distill.model if number == recipe.rounds else _of_round(distill.model, number)
    data = distill.data.model_copy(update={"rounds": number})
    return _with(recipe, distill=distill.model_copy(update={"model": model, "data": data}))


def assistant_recipe(recipe: Recipe, number: int) -> Recipe:
    """How the assistant that writes for a round is trained, on the rounds before it."""
    before = student_recipe(recipe, number - 1)
    opponent = FromCheckpoint(**{"from": "checkpoint", "model": before.distill.model})
    changes = {"model": _of_round(recipe.assistant.model, number), "student": opponent}
    if number > 2:
        changes["base"] = _of_round(recipe.assistant.model, number - 1)
    return _with(before, assistant=recipe.assistant.model_copy(update=changes))


def variants_recipe(recipe: Recipe, number: int) -> Recipe:
    """How a round's variants are made; their copies are numbered on from those before."""
    assistant, augment, out = recipe.assistant, recipe.augment, recipe.output
    method = {
        "use": "contextual.substitute",
        "rate": assistant.rate,
        "model": _of_round(assistant.model, number),
    }
    first = augment.first_copy + augment.copies + (number - 2) * assistant.copies
    changes = {
        "copies": assistant.copies,
        "first_copy": first,
        "methods": (Method.model_validate(method),),
    }
    return _with(
        recipe,
        augment=augment.model_copy(update=changes),
        output=out.model_copy(update={"path": round_folder(out.path, number), "adds_to": out.path}),
    )


def _of_round(folder: str, number: int) -> str:
    return f"{folder}-round-{number}"


def _with(recipe: Recipe, **changes) -> Recipe:
    return recipe.model_copy(update=changes)
