"""All figures of an evaluation: every model on every set, under every suite."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from mashbill.models.engine import Engine
from mashbill.models.tasks.base import Task
from mashbill.pipelines.evaluation import figures
from mashbill.pipelines.evaluation.bought import STUDENT, Bought
from mashbill.pipelines.evaluation.cascade import Player, cascades
from mashbill.pipelines.evaluation.certainty import likeness, one_teacher_twice
from mashbill.pipelines.evaluation.compared import TEACHER, Compared, load_models
from mashbill.pipelines.evaluation.conditions import Condition, conditions_of, examples
from mashbill.pipelines.evaluation.sets import TestSet, labelled_test_split, other_sets
from mashbill.pipelines.evaluation.slices import parts, people, slices
from mashbill.pipelines.evaluation.spelling import Corrected, corrections
from mashbill.pipelines.evaluation.suites import suites_of_sets
from mashbill.pipelines.progress import Progress
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.report import EVALUATION_VERSION
from mashbill.transforms.suites.registry import CLEAN
from mashbill.transforms.suites.suite import KINDS, Suite, trained_by


def measure(
    recipe: Recipe, run: Mapping[str, Any], paths: Mapping[str, str], max_rejects: float
) -> dict[str, Any]:
    """All figures; see docs/evaluation.md for the keys.

    Args:
        run: what run.json says of the data set.
        paths: of the models, by name, the teacher first.
    """
    own = labelled_test_split(recipe)
    sets = [own.originals, *other_sets(recipe, max_rejects)]
    suites = suites_of_sets(recipe)
    conditions = [c for test in sets for c in conditions_of(test, suites[test.name], recipe)]
    models = load_models(recipe, paths)
    methods = [
        {key: value for key, value in method.items() if key != "share"}
        for method in run["recipe"].get("augment", {}).get("methods", [])
    ]
    methods += [dict(method.spec) for method in recipe.fresh_methods()]
    bought = Bought(recipe.evaluate.baseline, methods)
    with Progress("evaluate", {"rows": sum(len(c.test.texts) for c in conditions) * len(paths)}):
        compared, clean = _under_all(conditions, models, bought)
    about_sets = {
        test.name: _about_set(test, models.engines[TEACHER], recipe.task) for test in sets
    }
    about_models = models.about(own, recipe.teacher)
    players = models.players(about_models, clean[own.name])
    deferring, undeferred = cascades(_uncorrected(players, models), sets[0].labels, STUDENT)
    return {
        "version": EVALUATION_VERSION,
        "labels": list(recipe.labels),
        "confused": list(recipe.task.confused),
        "task": recipe.task.model_dump(mode="json"),
        "measure": recipe.task.measure._asdict(),
        "figures": dict(recipe.task.figures),
        "data": {"path": recipe.output.path, "fingerprint": run["fingerprint"]},
        "models": about_models,
        "sets": about_sets,
        "warnings": [
            *_warnings_of_sets(sets, about_sets, recipe.task),
            *undeferred,
            *one_teacher_twice(about_models),
        ],
        "suites": {
            suite.name: _describe(suite, methods) for chosen in suites.values() for suite in chosen
        },
        "bought": bought.figures(),
        "cascades": deferring,
        "likeness": likeness(players, sets[0].labels),
        "spelling": corrections(models.engines, models.tasks, sets[0], clean[own.name]),
        **compared,
        "slices": [
            *slices(own, models, clean[own.name]),
            *parts(recipe, own.originals, clean[own.name], models.tasks),
        ],
        "people": people(recipe, own.originals, clean[own.name]),
        "examples": examples(conditions, recipe.task),
    }


def _under_all(
    conditions: Sequence[Condition], models: Compared, bought: Bought
) -> tuple[dict[str, list], dict[str, dict[str, np.ndarray]]]:
    """`results` and `differences` of evaluation.json, and each set's logits as the set is.

    The figures of the data set's own rows, which the first condition has, go into `bought`.
    """
    compared: dict[str, list] = {"results": [], "differences": []}
    clean: dict[str, dict[str, np.ndarray]] = {}
    own = conditions[0].test.name
    for name, of_set in groupby(conditions, lambda condition: condition.test.name):
        versions = list(of_set)
        answers = models.logits([condition.test for condition in versions])
        for condition, logits in zip(versions, answers, strict=True):
            if condition.suite is None:
                clean[name] = logits
            of_rows = _add(compared, condition, models.tasks, logits, clean[name])
            if name == own:
                bought.add(condition.suite, condition.level, of_rows)
    return compared, clean


def _uncorrected(players: Mapping[str, Player], models: Compared) -> dict[str, Player]:
    """Those that read the texts as they are."""
    return {
        name: player
        for name, player in players.items()
        if not isinstance(models.engines[name], Corrected)
    }


def _add(
    compared: dict[str, list],
    condition: Condition,
    tasks: Mapping[str, Task],
    logits: Mapping[str, np.ndarray],
    clean: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Puts what a condition shows into `compared`; returns the main figure of each model's rows.

    Args:
        tasks: by model, with its thresholds.
    """
    test, suite = condition.test, condition.suite
    where = {"set": test.name, "suite": suite.name if suite else CLEAN, "level": condition.level}
    teacher = next(iter(logits))
    said = tasks[teacher].predict(logits[teacher])
    for model, scores in logits.items():
        task = tasks[model]
        result = figures.condition(task, scores, test.labels, said)
        if suite is None and task.has_classes:
            result |= figures.calibration(scores, test.labels)
        elif suite is not None and suite.kind != "MFT":
            pairs = (clean[model], condition.before.labels), (scores, test.labels)
            result |= figures.against_clean(task, *pairs, condition.changed)
            result |= {"labels_lost": condition.lost} if task.losses else {}
        compared["results"].append({**where, "model": model, **result})
    of_rows = {model: tasks[model].of_rows(scores, test.labels) for model, scores in logits.items()}
    right = {
        model: tasks[model].agree(tasks[model].predict(scores), test.labels)
        for model, scores in logits.items()
    }
    pairs = figures.differences(tasks[teacher], of_rows, right)
    compared["differences"] += [{**where, **pair} for pair in pairs]
    return of_rows


def _about_set(test: TestSet, teacher: Engine, task: Task) -> dict[str, Any]:
    windows = teacher.windows(test.texts, test.pairs)
    return {
        "rows": len(test.texts),
        "of": test.of,
        "classes": task.balance(task.tally(test.labels), len(test.texts)),
        "truncated": sum(window is not None and window.cut for window in windows),
    }


def _warnings_of_sets(
    sets: Sequence[TestSet], about: Mapping[str, Mapping[str, Any]], task: Task
) -> Iterator[str]:
    for test in sets:
        yield from _warnings(test, about[test.name], task)


def _warnings(test: TestSet, about: Mapping[str, Any], task: Task) -> Iterator[str]:
    """A line for classes that a set hardly has, and one for texts that models see the beginning
    of."""
    yield from task.too_few_to_measure(test.name, task.tally(test.labels))
    if cut := about["truncated"]:
        share = cut / about["rows"]
        yield f"{test.name}: the teacher reads only the beginning of {cut:,} texts ({share:.1%})"


def _describe(suite: Suite, methods: list[dict]) -> dict[str, Any]:
    return {
        "kind": suite.kind,
        "expects": KINDS[suite.kind],
        "about": suite.about,
        "levels": len(suite.levels) or 1,
        "severities": list(suite.severities),
        "trained_by": trained_by(suite, methods),
    }
