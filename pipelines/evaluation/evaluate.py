"""Every model on every set, under every suite: the content of evaluation.json."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson
from apache_beam.io.filesystems import FileSystems

from mashbill.models.engine import Engine
from mashbill.models.errors import MashbillError, failures_named
from mashbill.models.loading import check_classifier, weight_hash
from mashbill.models.path_hash import path_hash
from mashbill.models.significance import interval
from mashbill.models.speed import speed
from mashbill.models.tasks.base import Task
from mashbill.models.teachers import TeacherSpec
from mashbill.pipelines.distill import student_folder
from mashbill.pipelines.evaluation import figures
from mashbill.pipelines.evaluation.bought import STUDENT, Bought
from mashbill.pipelines.evaluation.cascade import Player, cascades
from mashbill.pipelines.evaluation.certainty import SECOND, likeness, one_teacher_twice
from mashbill.pipelines.evaluation.sets import (
    TestSet,
    gold_batches,
    groups,
    human_shares,
    labelled_test_split,
    other_sets,
)
from mashbill.pipelines.evaluation.spelling import Corrected, corrections, speller_of
from mashbill.pipelines.evaluation.suites import suites_of_sets
from mashbill.pipelines.fingerprint import fingerprint, weights_of
from mashbill.pipelines.lock import forget_the_dead, writes_into
from mashbill.pipelines.order import refuse_unmade
from mashbill.pipelines.output import check_page, drop_page, remove_temporary_files, write_page
from mashbill.pipelines.progress import Progress
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.report import EVALUATION_VERSION, write_report
from mashbill.pipelines.summary import read_run
from mashbill.pipelines.whole import check_whole
from mashbill.transforms import progress
from mashbill.transforms.addresses import all_without_secrets
from mashbill.transforms.corpus_files import digests
from mashbill.transforms.examples import ORIGINAL
from mashbill.transforms.files import exists, read_bytes
from mashbill.transforms.suites.registry import CLEAN
from mashbill.transforms.suites.suite import KINDS, Suite, trained_by

REPORT = "report.html"
SHOWN = 3  # texts of each suite
TEACHER = "teacher"


class Condition(NamedTuple):
    """A set of rows, perturbed.

    Attributes:
        before: the same rows as they were.
        changed: which rows are, bool [rows].
        lost: rows that are not, since their labels would have been lost.
    """

    test: TestSet
    suite: Suite | None
    level: int
    before: TestSet
    changed: np.ndarray
    lost: int = 0


def evaluate(recipe: Recipe, max_rejects: float = 0.01) -> dict[str, Any]:
    """Writes OUT/evaluation.json and OUT/report.html and returns the content of the first; done
    already, just returns it.

    Raises:
        MashbillError: no section `evaluate` or no data set, a model that is not there or does not
            fit the labels, a set that cannot be read or has more rejects than the share
            `max_rejects` of its rows, or a data set that is not whole or of another run.
    """
    if recipe.evaluate is None:
        raise MashbillError("the recipe has no section evaluate")
    out = recipe.output.path
    run = read_run(out)
    check_whole(out, run["fingerprint"])
    models = compared_models(recipe)
    for path in models.values():
        refuse_unmade("evaluate", recipe, path)
        check_classifier(path, recipe.task)
    name = _fingerprint(recipe, run, models)
    done = _finished(FileSystems.join(out, "evaluation.json"), name)
    if done is not None and exists(FileSystems.join(out, REPORT)):
        forget_the_dead(out)
        return done
    with writes_into(out, f"evaluate {name}", alone=True):
        remove_temporary_files(out)
        check_page(out, REPORT)
        result = done or all_without_secrets(
            {"fingerprint": name, **measure(recipe, run, models, max_rejects)}
        )
        if done is None:
            drop_page(out, REPORT)
            content = orjson.dumps(result, option=orjson.OPT_INDENT_2)
            write_page(out, "evaluation.json", content)
        write_report(out)
    return result


def _fingerprint(recipe: Recipe, run: Mapping[str, Any], models: Mapping[str, str]) -> str:
    """Of all that the figures depend on, the content of the files that are read included."""
    settings = recipe.model_dump(mode="json", include={"evaluate", "labels", "task", "language"})
    specs = [one.spec() for one in recipe.evaluate.sets]
    if (people := recipe.evaluate.people) is not None:
        specs.append(people.spec())
    settings["inputs"] = [digests(spec) for spec in specs]
    if (wordnet := recipe.evaluate.wordnet) is not None and os.path.isdir(wordnet):
        settings["wordnet"] = path_hash(wordnet)
    settings["models"] = {name: weight_hash(path) for name, path in models.items()}
    settings["teacher"] = recipe.teacher.model_dump(include={"max_length", "precision"})
    if recipe.teacher.asks_in_words:
        settings["teacher"] = recipe.teacher.settings()
    if len(recipe.teacher.members) > 1:
        settings["teacher"]["members"] = list(map(weight_hash, recipe.teacher.members))
        settings["teacher"] |= recipe.teacher.together
    return fingerprint(settings | {"data": run["fingerprint"], "version": EVALUATION_VERSION})


def compared_models(recipe: Recipe) -> dict[str, str]:
    """Name to folder: the teacher first, the student, its baseline where that is trained, and what
    the recipe names beside them."""
    models = {TEACHER: recipe.teacher.model}
    baseline = recipe.evaluate.baseline
    if recipe.distill is not None:
        models["student"] = recipe.distill.model
        if baseline is not None:
            models[baseline] = student_folder(recipe.distill.model, baseline)
    if (second := recipe.evaluate.second_teacher) is not None:
        models[SECOND] = second
    for name, arm in recipe.evaluate.arms.items():
        if name in models:
            raise MashbillError(
                f"evaluate.models: {name}: the name is already taken by {models[name]}"
            )
        models[name] = arm.model
    return {name: path for name, path in models.items() if name != baseline or os.path.isdir(path)}


def _finished(path: str, wanted: str) -> dict[str, Any] | None:
    if not exists(path):
        return None
    try:
        found = orjson.loads(read_bytes(path))
    except orjson.JSONDecodeError:
        return None
    return found if found.get("fingerprint") == wanted else None


def measure(
    recipe: Recipe, run: Mapping[str, Any], models: Mapping[str, str], max_rejects: float
) -> dict[str, Any]:
    """All figures; see docs/evaluation.md for the keys."""
    own = labelled_test_split(recipe)
    sets = [own.originals, *other_sets(recipe, max_rejects)]
    suites = suites_of_sets(recipe)
    conditions = [c for test in sets for c in _conditions(test, suites[test.name], recipe)]
    teacher = recipe.teacher
    labeller = teacher.spec(recipe.labels)
    how = (teacher.max_length, teacher.precision, teacher.windows)
    engines = {
        name: (labeller if name == TEACHER else TeacherSpec([path], *how)).load(recipe.task)
        for name, path in models.items()
    }
    engines |= _corrected(recipe, engines)
    tasks = {
        name: recipe.task.calibrated(engine.model.config.to_dict())
        for name, engine in engines.items()
    }
    rows = sum(len(condition.test.texts) for condition in conditions) * len(models)
    methods = [
        {key: value for key, value in method.items() if key != "share"}
        for method in run["recipe"].get("augment", {}).get("methods", [])
    ]
    methods += [dict(method.spec) for method in recipe.fresh_methods()]
    found: dict[str, Any] = {"results": [], "differences": []}
    clean: dict[str, dict[str, np.ndarray]] = {}
    bought = Bought(recipe.evaluate.baseline, methods)
    with Progress("evaluate", {"rows": rows}):
        for condition in conditions:
            logits = {
                name: _logits(name, engine, condition.test) for name, engine in engines.items()
            }
            if condition.suite is None:
                clean[condition.test.name] = logits
            of_rows = _add(found, condition, tasks, logits, clean.get(condition.test.name, {}))
            if condition.test.name == own.name:
                bought.add(condition.suite, condition.level, of_rows)
    about_sets = {test.name: _about_set(test, engines[TEACHER], recipe.task) for test in sets}
    about_models = {name: _about(models[name], engine, own) for name, engine in engines.items()}
    if len(teacher.members) > 1:
        weights = weights_of([*map(weight_hash, teacher.members)], **teacher.together)
        about_models[TEACHER] |= {"path": ", ".join(teacher.members), "weights": weights}
    players = {
        name: Player(about_models[name], tasks[name], engine.model.config.to_dict(), logits)
        for (name, engine), logits in zip(engines.items(), clean[own.name].values(), strict=True)
    }
    plain = {name: one for name, one in players.items() if not isinstance(engines[name], Corrected)}
    deferring, undeferred = cascades(plain, sets[0].labels, STUDENT)
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
            *(
                line
                for test in sets
                for line in _warnings(test, about_sets[test.name], recipe.task)
            ),
            *undeferred,
            *one_teacher_twice(about_models),
        ],
        "suites": {
            suite.name: _describe(suite, methods) for chosen in suites.values() for suite in chosen
        },
        "bought": bought.figures(),
        "cascades": deferring,
        "likeness": likeness(players, sets[0].labels),
        "spelling": corrections(engines, tasks, sets[0], clean[own.name]),
        **found,
        "slices": [
            *_slices(own, engines, clean[own.name], tasks),
            *_parts(recipe, own.originals, clean[own.name], tasks),
        ],
        "people": _people(recipe, own.originals, clean[own.name]),
        "examples": _examples(conditions, recipe.task),
    }


def _corrected(recipe: Recipe, engines: Mapping[str, Engine]) -> dict[str, Corrected]:
    """The models that read corrected texts."""
    arms = [name for name, arm in recipe.evaluate.arms.items() if arm.before == "spelling"]
    if not arms:
        return {}
    speller = speller_of(recipe.output.path)
    return {name: Corrected(engines[name], speller) for name in arms}


def _conditions(test: TestSet, suites: list[Suite], recipe: Recipe) -> Iterator[Condition]:
    yield Condition(test, None, 0, test, np.zeros(len(test.texts), bool))
    for suite in suites:
        if suite.kind == "MFT":
            yield _cases(test, suite, recipe)
        for level in range(1, len(suite.levels) + 1):
            other, lost = test.perturbed(suite.variants(test.texts, level), recipe.task)
            pairs = zip(other.texts, test.texts, strict=True)
            changed = np.array([new != old for new, old in pairs])
            yield Condition(other, suite, level, test, changed, lost)


def _cases(test: TestSet, suite: Suite, recipe: Recipe) -> Condition:
    texts = [text for text, _ in suite.cases]
    labels = np.array([recipe.labels.index(label) for _, label in suite.cases])
    blank = [""] * len(texts)
    values = labels.tolist()
    cases = test._replace(
        texts=texts, values=values, labels=labels, corpora=blank, augmenters=blank
    )
    return Condition(cases, suite, 1, cases, np.zeros(len(texts), bool))


def _logits(name: str, engine: Engine, test: TestSet) -> np.ndarray:
    with failures_named(f"evaluate: {name} failed on {test.name}"):
        logits = engine.logits(test.texts, test.pairs)
    progress.report("rows", len(test.texts))
    return logits


def _add(
    found: dict[str, list],
    condition: Condition,
    tasks: Mapping[str, Task],
    logits: Mapping[str, np.ndarray],
    clean: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Puts what a condition shows into `found`; returns the main figure of each model's rows.

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
            result["calibration"] = figures.calibration(scores, test.labels)
        elif suite is not None and suite.kind != "MFT":
            pairs = (clean[model], condition.before.labels), (scores, test.labels)
            result |= figures.against_clean(task, *pairs, condition.changed)
            result |= {"labels_lost": condition.lost} if task.losses else {}
        found["results"].append({**where, "model": model, **result})
    of_rows = {model: tasks[model].of_rows(scores, test.labels) for model, scores in logits.items()}
    right = {
        model: tasks[model].agree(tasks[model].predict(scores), test.labels)
        for model, scores in logits.items()
    }
    pairs = figures.differences(tasks[teacher], of_rows, right)
    found["differences"] += [{**where, **pair} for pair in pairs]
    return of_rows


def _about(path: str, engine: Engine, test: TestSet) -> dict[str, Any]:
    config = engine.model.config
    return {
        "path": path,
        "weights": weight_hash(path),
        "parameters": engine.parameters,
        "layers": getattr(config, "num_hidden_layers", None),
        "speed": speed(engine, test.texts),
    }


def _about_set(test: TestSet, teacher: Engine, task: Task) -> dict[str, Any]:
    windows = teacher.windows(test.texts, test.pairs)
    return {
        "rows": len(test.texts),
        "of": test.of,
        "classes": task.balance(task.tally(test.labels), len(test.texts)),
        "truncated": sum(window is not None and window.cut for window in windows),
    }


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


def _slices(
    test: TestSet,
    engines: Mapping[str, Engine],
    clean: Mapping[str, np.ndarray],
    tasks: Mapping[str, Task],
) -> list[dict[str, Any]]:
    """By length, corpus, label and augmenter; `clean` has the logits of the source examples."""
    is_source = np.array([name == ORIGINAL for name in test.augmenters])
    variants = test.take(np.flatnonzero(~is_source))
    order = np.argsort(np.argsort(~is_source, kind="stable"))  # sources lie before variants
    logits = dict(clean)
    for name, engine in engines.items():
        if variants.texts:
            of_variants = engine.logits(variants.texts, variants.pairs)
            logits[name] = np.concatenate([clean[name], of_variants])[order]
    return [
        {
            "by": by,
            "slice": name,
            "model": model,
            **figures.of_slice(tasks[model], scores, test.labels, places),
        }
        for (by, name), places in groups(test, next(iter(tasks.values()))).items()
        for model, scores in logits.items()
    ]


def _parts(
    recipe: Recipe,
    test: TestSet,
    clean: Mapping[str, np.ndarray],
    tasks: Mapping[str, Task],
) -> Iterator[dict[str, Any]]:
    """What is told of parts of the labels, see `Task.parts`."""
    memory = recipe.task.memory(gold_batches(recipe.output.path, recipe.task, "train"))
    for model, scores in clean.items():
        for by, name, number, values in tasks[model].parts(test.texts, scores, test.labels, memory):
            figure = {recipe.task.measure.key: interval(values)._asdict()}
            yield {"by": by, "slice": name, "model": model, "rows": number, **figure}


def _people(
    recipe: Recipe, test: TestSet, logits: Mapping[str, np.ndarray]
) -> list[dict[str, Any]]:
    ratings = recipe.evaluate.people
    if ratings is None:
        return []
    places, shares = human_shares(ratings, recipe.labels, test.texts)
    return [
        {"model": model, **figures.with_people(scores[places], shares)}
        for model, scores in logits.items()
    ]


def _examples(conditions: list[Condition], task: Task) -> list[dict[str, Any]]:
    """A few changed texts of each suite and level on the first set; with `marks`, before and after,
    where their labels name places."""
    first = conditions[0].test
    shown = []
    for condition in conditions:
        if condition.suite is None or condition.test.name != first.name:
            continue
        for place in np.flatnonzero(condition.changed)[:SHOWN].tolist():
            both = [task.marks(test.values[place]) for test in (first, condition.test)]
            shown.append(
                {
                    "suite": condition.suite.name,
                    "level": condition.level,
                    "before": first.texts[place],
                    "after": condition.test.texts[place],
                    **({"marks": both} if any(both) else {}),
                }
            )
    return shown
