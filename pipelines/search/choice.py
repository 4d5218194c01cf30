"""One point of the search: suggested by a trial, or as the recipe has it; and the recipe of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mashbill.pipelines.recipe import Augment, Recipe
from mashbill.pipelines.recipe.data import Fresh
from mashbill.pipelines.search.candidates import Candidate

if TYPE_CHECKING:
    from optuna import Trial

SHARES = (0.25, 4.0)


class Chosen(NamedTuple):
    """A candidate in use.

    Attributes:
        level: place among its rates.
        share: of the variants, relative to the others.
        soft: `row` or `source`.
    """

    level: int
    share: float
    soft: str


class Choice(NamedTuple):
    """What a trial trains with; see `Search` for each."""

    methods: Mapping[str, Chosen]
    copies: int
    fresh: float
    min_similarity: float | None
    min_confidence: float
    teacher_agrees: bool
    temperature: float
    steps: int
    learning_rate: float


def suggest(trial: "Trial", recipe: Recipe, candidates: Sequence[Candidate]) -> Choice:
    """A point of the space; parameters of a method are only drawn where it is used."""
    space = recipe.search
    methods = {}
    for one in candidates:
        if trial.suggest_categorical(f"use {one.label}", [True, False]):
            methods[one.label] = Chosen(
                trial.suggest_int(f"level {one.label}", 0, len(one.rates) - 1),
                trial.suggest_float(f"share {one.label}", *SHARES, log=True),
                trial.suggest_categorical(f"soft label {one.label}", list(space.soft_labels)),
            )
    near = recipe.filter.similarity_model is not None
    similarity = trial.suggest_float("min_similarity", *space.min_similarity) if near else None
    return Choice(
        methods=methods,
        copies=trial.suggest_int("copies", *space.copies),
        fresh=trial.suggest_float("fresh", *space.fresh),
        min_similarity=similarity,
        min_confidence=trial.suggest_float("min_confidence", *space.min_confidence),
        teacher_agrees=trial.suggest_categorical("teacher_agrees", list(space.teacher_agrees)),
        temperature=trial.suggest_float("temperature", *space.temperature, log=True),
        steps=trial.suggest_int("steps", *space.steps, log=True),
        learning_rate=trial.suggest_float("learning_rate", *space.learning_rate, log=True),
    )


def known_choice(
    parameters: Mapping[str, Any], recipe: Recipe, candidates: Sequence[Candidate]
) -> Choice:
    """That of a trial with these parameters."""
    from optuna.trial import FixedTrial

    return suggest(FixedTrial(dict(parameters)), recipe, candidates)


def usual(recipe: Recipe, candidates: Sequence[Candidate]) -> dict[str, Any]:
    """The parameters of the point next to the recipe as it is, the first that is tried."""
    space, distill = recipe.search, recipe.distill
    soft = distill.data.soft_labels
    found: dict[str, Any] = {}
    for one in candidates:
        found[f"use {one.label}"] = one.usual is not None
        if one.usual is not None:
            share, level = one.usual
            own = soft if isinstance(soft, str) else soft.get(one.label, "row")
            found[f"level {one.label}"] = level
            found[f"share {one.label}"] = _within(share, SHARES)
            found[f"soft label {one.label}"] = _among(own, space.soft_labels)
    fresh = distill.data.fresh
    found |= {
        "copies": _within(recipe.augment.copies, space.copies),
        "fresh": _within(fresh.share if fresh else 0.0, space.fresh),
        "min_confidence": _within(recipe.filter.min_confidence, space.min_confidence),
        "teacher_agrees": _among(recipe.filter.teacher_agrees, space.teacher_agrees),
        "temperature": _within(distill.objective.temperature, space.temperature),
        "steps": _within(distill.training.steps or space.steps[1], space.steps),
        "learning_rate": _within(distill.training.learning_rate, space.learning_rate),
    }
    if recipe.filter.similarity_model is not None:
        least = recipe.filter.min_similarity
        low = space.min_similarity[0]
        found["min_similarity"] = _within(low if least is None else least, space.min_similarity)
    return found


def _within(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def _among(value: Any, allowed: Sequence[Any]) -> Any:
    return value if value in allowed else allowed[0]


def applied(recipe: Recipe, choice: Choice, candidates: Sequence[Candidate], copies: int) -> Recipe:
    """The recipe of a choice, without its section `search`.

    Args:
        copies: stored variants of each source, which may be fewer than were chosen.
    """
    used = [(one, choice.methods[one.label]) for one in candidates if one.label in choice.methods]
    stored = tuple(one.method(chosen.level, round(chosen.share, 2)) for one, chosen in used)
    made = tuple(
        one.up_to(chosen.level, round(chosen.share, 2))
        for one, chosen in used
        if one.alone and chosen.soft == "source"
    )
    share = round(choice.fresh, 2)
    fresh = Fresh(methods=made, share=share) if made and share else None
    filters = {
        "min_similarity": choice.min_similarity and round(choice.min_similarity, 3),
        "min_confidence": round(choice.min_confidence, 3),
        "teacher_agrees": choice.teacher_agrees,
    }
    distill = recipe.distill
    soft = {one.label: chosen.soft for one, chosen in used}
    data = {"mix": {}, "soft_labels": soft, "fresh": fresh, "rounds": None}
    training = {
        "steps": choice.steps,
        "epochs": 3.0,
        "learning_rate": round(choice.learning_rate, 6),
        "evaluate_every": -(-choice.steps // recipe.search.rungs),
        "patience": None,
        "choose_under": recipe.search.suites,
    }
    changes = {
        "data": distill.data.model_copy(update=data),
        "objective": distill.objective.model_copy(
            update={"temperature": round(choice.temperature, 3)}
        ),
        "training": distill.training.model_copy(update=training),
    }
    augment = {"copies": copies if stored else 0, "methods": stored}
    return recipe.model_copy(
        update={
            "augment": recipe.augment.model_copy(update=augment),
            "filter": recipe.filter.model_copy(update=filters),
            "distill": distill.model_copy(update=changes),
            "search": None,
        }
    )


def empty_augment(recipe: Recipe) -> Augment:
    """No variants at all."""
    return recipe.augment.model_copy(update={"copies": 0, "methods": ()})
