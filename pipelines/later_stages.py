"""What the stages beside `generate` will need, looked at before the first of them works."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from mashbill.models.checks import check_classifier, check_encoder, check_masked_lm
from mashbill.models.distill.objectives import Adversarial
from mashbill.models.distill.student import FromCheckpoint
from mashbill.models.errors import MashbillError
from mashbill.pipelines.evaluation.suites import load_tables, suites_of_sets
from mashbill.pipelines.order import made_before, maker, not_made_yet
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.sources import plan


class Use(NamedTuple):
    """A model that a command loads. Attributes: `fits` raises MashbillError unless it can."""

    key: str
    model: str
    command: str
    fits: Callable[[str], None]


def check_later_stages(recipe: Recipe) -> None:
    """Raises MashbillError for the first thing that would end a stage; names the key."""
    for key, fault in later_faults(recipe):
        raise MashbillError(f"{key}: {fault}" if key else fault)


def later_faults(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Key and fault of everything that would end a training, a distillation or an evaluation.

    Models that an earlier command makes are taken for granted.
    """
    checks = [
        (use.key, partial(use.fits, use.model))
        for use in models_beside_generate(recipe)
        if maker(use.model, made_before(use.command, recipe)) is None
    ]
    checks += [*check_of_student(recipe), *checks_of_evaluation(recipe)]
    for key, check in checks:
        try:
            check()
        except MashbillError as error:
            yield key, str(error)


def models_beside_generate(recipe: Recipe) -> Iterator[Use]:
    """Each model that a command other than `generate` loads, the teacher aside."""
    if recipe.teacher.train is not None:
        yield Use("teacher.train.base", recipe.teacher.train.base, "train-teacher", check_encoder)
    if recipe.mlm is not None:
        yield Use("mlm.base", recipe.mlm.base, "adapt-mlm", check_encoder)
    if recipe.distill is not None:
        student, objective = recipe.distill.student, recipe.distill.objective
        if isinstance(student, FromCheckpoint):
            yield Use("distill.student.model", student.model, "distill", check_encoder)
        if isinstance(objective, Adversarial):
            assistant = objective.assistant
            yield Use("distill.objective.assistant", assistant, "distill", check_masked_lm)
    if recipe.rounds > 1:
        yield Use("assistant.base", recipe.assistant.base, "distill", check_masked_lm)
    if recipe.evaluate is not None:
        fits = partial(check_classifier, task=recipe.task)
        for name, arm in recipe.evaluate.arms.items():
            yield Use(f"evaluate.models.{name}", arm.model, "evaluate", fits)
        if (second := recipe.evaluate.second_teacher) is not None:
            yield Use("evaluate.second_teacher", second, "evaluate", fits)


def check_of_student(recipe: Recipe) -> Iterator[tuple[str, Callable[[], object]]]:
    """Builds the student and lets it work on two rows, as far as its models are there."""
    if recipe.distill is not None:
        yield "", partial(_try_student, recipe)


def _try_student(recipe: Recipe) -> None:
    from mashbill.pipelines.student_plan import student_plan

    plan = student_plan(recipe, None, None)
    if plan.loads_teacher and maker(plan.teacher, not_made_yet("distill", recipe)):
        plan = plan.without_teacher(recipe.teacher.train.base)
    try:
        check_encoder(plan.teacher if plan.student.uses_teacher else plan.student.model)
    except MashbillError:
        return  # said where models are checked
    from mashbill.models.distill.rehearsal import rehearse

    rehearse(plan, recipe.task)


def checks_of_evaluation(recipe: Recipe) -> Iterator[tuple[str, Callable[[], object]]]:
    """Key and check of what `evaluate` reads and does, models aside."""
    section = recipe.evaluate
    if section is None:
        return
    from mashbill.pipelines.evaluation.compared import compared_models

    yield "evaluate.models", partial(compared_models, recipe)
    yield "evaluate.suites", partial(_try_suites, recipe)
    for place, one in enumerate(section.sets):
        yield f"evaluate.sets.{place}", partial(_check_set, one.spec(), recipe)
    if (people := section.people) is not None:
        yield "evaluate.people", partial(plan, people.spec())


def _try_suites(recipe: Recipe) -> None:
    """Makes each suite load its tables; whether it fits the task is looked at by `check`."""
    try:
        by_set = suites_of_sets(recipe)
    except MashbillError:
        return
    suites = {suite.name: suite for chosen in by_set.values() for suite in chosen}
    load_tables(suites.values())


def _check_set(spec: CorpusSpec, recipe: Recipe) -> None:
    if recipe.is_pair_task != (spec.text_pair is not None):
        wanted = "pairs: set" if recipe.is_pair_task else "single texts: leave out"
        raise MashbillError(f"the task's examples are {wanted} text_pair")
    plan(spec, task=recipe.task)
