"""What the training of a recipe's student is to do, or of a baseline that it is compared with."""

from functools import partial
from typing import TYPE_CHECKING

from mashbill.pipelines.fresh import fresh_of

if TYPE_CHECKING:
    from mashbill.models.distill.choosing import Change
    from mashbill.models.distill.dataset import SoftLabelled
    from mashbill.models.distill.kd import Distillation
    from mashbill.models.distill.objectives import Objective
    from mashbill.models.distill.plan import Plan
    from mashbill.pipelines.recipe import Recipe

BASELINES = {
    "hard-real": "gold labels, source examples",
    "kd-real": "soft labels, source examples",
    "hard-synthetic": "gold labels, source examples and variants",
    "kd": "soft labels, source examples and variants",
}


def student_folder(model: str, baseline: str | None) -> str:
    """Where a student goes, or the baseline that it is compared with."""
    return f"{model}-{baseline}" if baseline else model


def student_plan(recipe: "Recipe", data: "SoftLabelled", baseline: str | None) -> "Plan":
    """All that decides the weights; a baseline has the steps of the recipe's own training."""
    from mashbill.models.distill.plan import Plan, steps_of
    from mashbill.models.distill.stream import Selection

    section = recipe.distill
    fresh = section.data.fresh
    plan = Plan(
        student=section.student,
        objective=section.objective,
        training=section.training,
        teacher=recipe.teacher.model,
        max_length=recipe.teacher.max_length,
        seed=recipe.seed,
        selection=Selection(mix=section.data.mix, fresh=fresh.share if fresh else 0.0),
        soft_labels=section.data.soft_labels,
        extras=(*section.mixing, *section.matching),
        evaluation=recipe.teacher.precision,
        noises=noises_of(recipe),
        fresh=fresh_of(recipe, data),
    )
    if baseline is None:
        return plan
    training = section.training.model_copy(update={"steps": steps_of(data, plan)})
    hard, real = baseline.startswith("hard"), baseline.endswith("real")
    return Plan(
        student=plan.student,
        objective=baseline_objective(section.objective, hard),
        training=training,
        teacher=plan.teacher,
        max_length=plan.max_length,
        seed=plan.seed,
        selection=Selection(variants=not real, unlabelled=not hard),
        evaluation=plan.evaluation,
        noises=plan.noises,
    )


def noises_of(recipe: "Recipe") -> dict[str, "Change"]:
    """The suites under which a checkpoint is chosen too, each at its last level.

    Raises:
        MashbillError: a suite that the language does not have, or under which labels do not stay.
    """
    from mashbill.pipelines.evaluation.suites import staying_suites

    asked = recipe.distill.training.choose_under
    suites = staying_suites(recipe, asked, "distill.training.choose_under")
    return {suite.name: partial(suite.texts, level=len(suite.levels)) for suite in suites}


def baseline_objective(objective: "Objective", hard: bool) -> "Distillation":
    """`kd` as the recipe's own objective weighs and forms it; `hard`: on gold labels alone."""
    from mashbill.models.distill.kd import Distillation

    shared = objective.model_dump(include=set(Distillation.model_fields) - {"kind"})
    return Distillation(**shared | ({"alpha": 0.0} if hard else {}))
