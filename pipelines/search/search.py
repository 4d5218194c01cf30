"""`mashbill search`: pool, proxies, trials, and the recipe of the best of them, tested once."""

import contextlib
import os
import shutil
import statistics
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from mashbill.models.checks import check_classifier
from mashbill.models.errors import MashbillError
from mashbill.models.loading import weight_hash
from mashbill.pipelines.evaluation.suites import files_hash, staying_suites
from mashbill.pipelines.fingerprint import fingerprint
from mashbill.pipelines.messages import tell
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.search.candidates import Candidate, candidates
from mashbill.pipelines.search.choice import known_choice, usual
from mashbill.pipelines.search.finals import complete, train_finalists, trainings_of
from mashbill.pipelines.search.noises import tested
from mashbill.pipelines.search.study import (
    Budget,
    check_same,
    finished,
    open_study,
    run_trials,
)

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

    from mashbill.pipelines.search.pool import Pool

RESULT, RECIPE, PAGE = "search.json", "recipe.yaml", "report.html"


def search_folder(out: str) -> Path:
    """Where the search beside an output folder keeps everything."""
    return Path(f"{out.rstrip('/')}-search")


def search(recipe: Recipe, budget: Budget, workers: int = 1) -> dict[str, Any]:
    """Finds a recipe on validation, and tests it once.

    Everything lies in OUT-search: the pool, the study in SQLite, and what comes of it, that is
    `recipe.yaml`, `search.json` and `report.html`. A search that was stopped resumes.

    Returns:
        What also stands in search.json.

    Raises:
        MashbillError: a section or a model is missing, no method is left, no trial has finished, or
            the folder holds another search.
    """
    if recipe.search is None or recipe.distill is None:
        missing = "search" if recipe.search is None else "distill"
        raise MashbillError(f"the recipe has no section {missing}, so there is nothing to search")
    if "://" in recipe.output.path:
        raise MashbillError(
            f"output.path: {recipe.output.path}: a search needs a folder on disk, for its study "
            "and its pool"
        )
    staying_suites(recipe, recipe.search.suites, "search.suites")
    report = tested(recipe)
    for member in recipe.teacher.members:
        check_classifier(member, recipe.task)
    from mashbill.pipelines.search.pool import make_pool, open_pool
    from mashbill.pipelines.search.proxies import as_json, proxies, pruned

    folder = search_folder(recipe.output.path)
    folder.mkdir(parents=True, exist_ok=True)
    every = candidates(recipe)
    study = open_study(folder / "study.db", recipe.seed, recipe.search.rungs)
    check_same(study, _name(recipe), folder)
    tell("search: the pool of variants")
    make_pool(recipe, every, str(folder / "pool"))
    pool = open_pool(recipe, str(folder / "pool"))
    found = proxies(pool, every, recipe.task)
    left_out = pruned(every, found, recipe.search.prune)
    for label, why in left_out.items():
        tell(f"search: {label} is left out: {why}")
    kept = [one for one in every if one.label not in left_out]
    if not study.trials:
        study.enqueue_trial(usual(recipe, kept))
    run_trials(recipe, kept, folder, budget, workers)
    train_finalists(study, recipe, kept, folder, workers)
    result = {
        "output": recipe.output.path,
        "suites": list(recipe.search.suites),
        "report": [one.name for one in report],
        "proxies": as_json(found),
        "left_out": left_out,
        **_of_study(study, recipe),
    }
    return _finish(recipe, kept, pool, folder, result)


def _name(recipe: Recipe) -> str:
    """Of all that the value of a trial depends on."""
    settings = recipe.model_dump(mode="json", exclude={"output", "evaluate", "resources"})
    settings["search"] = recipe.search.model_dump(mode="json", exclude={"finalists", "seeds"})
    settings["distill"].pop("model")
    if recipe.search.suites and (files := files_hash(recipe)) is not None:
        settings["wordnet"] = files
    settings["weights"] = [weight_hash(member) for member in recipe.teacher.members]
    return fingerprint(settings)


def _of_study(study: "Study", recipe: Recipe) -> dict[str, Any]:
    """What the trials say."""
    from optuna.trial import TrialState

    states = [trial.state for trial in study.trials]
    done = complete(study)
    if not done:
        failed = f"{states.count(TrialState.FAIL)} failed, {states.count(TrialState.PRUNED)} pruned"
        raise MashbillError(f"search: no trial was finished ({failed}); see the lines above")
    trials = [
        _of_trial(trial, trainings_of(trial, study, recipe))
        for trial in study.trials
        if trial.state.is_finished()
    ]
    finals = [one for one in trials if len(one["trainings"]) == recipe.search.seeds]
    first = study.trials[0].params
    return {
        "finished": finished(study),
        "pruned": states.count(TrialState.PRUNED),
        "failed": states.count(TrialState.FAIL),
        "best": max(finals, key=lambda one: one["value"]),
        "usual": next((one for one in finals if one["parameters"] == first), None),
        "importances": _importances(study, done),
        "trials": trials,
    }


def _of_trial(trial: "FrozenTrial", trainings: Sequence[float]) -> dict[str, Any]:
    value = statistics.fmean(trainings) if trainings else None
    if value is None and trial.intermediate_values:
        value = trial.intermediate_values[max(trial.intermediate_values)]
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": value,
        "trainings": trainings,
        "rows": trial.user_attrs.get("rows"),
        "parameters": trial.params,
    }


def _importances(study: "Study", done: "Sequence[FrozenTrial]") -> dict[str, float]:
    """By parameter, the largest first; empty where trials are too few or all equal.

    Args:
        done: the trials that were trained to their end.
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    if len({trial.value for trial in done}) < 2:
        return {}
    with contextlib.suppress(ValueError, RuntimeError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few trials, which the number of trials says
        found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
        return {name: float(share) for name, share in found.items() if share > 0}
    return {}


def _finish(
    recipe: Recipe, kept: Sequence[Candidate], pool: "Pool", folder: Path, result: dict[str, Any]
) -> dict[str, Any]:
    """Tests the best choice, unless that was done, and writes all that a reader wants."""
    from mashbill.pipelines.search.outcome import on_test
    from mashbill.pipelines.search.page import page
    from mashbill.pipelines.search.trial import prepare
    from mashbill.pipelines.search.written import recipe_text

    choices = {"best": known_choice(result["best"]["parameters"], recipe, kept)}
    if result["usual"] and result["usual"]["number"] != result["best"]["number"]:
        choices["as it was"] = known_choice(result["usual"]["parameters"], recipe, kept)
    before = _read(folder / RESULT)
    if before.get("best") == result["best"] and before.get("test"):
        result["test"] = before["test"]
    else:
        tell("search: the best recipe on test")
        result["test"] = on_test(recipe, kept, pool, choices, folder)
    place = folder / "trials" / "written"
    _, made = prepare(recipe, kept, pool, choices["best"], place)
    text = recipe_text(made, result)
    _write(folder / RECIPE, text.encode())
    _write(folder / PAGE, page(result, text).encode("utf-8", "replace"))
    _write(folder / RESULT, orjson.dumps(result, option=orjson.OPT_INDENT_2))
    shutil.rmtree(folder / "trials", ignore_errors=True)
    return result


def _read(path: Path) -> dict[str, Any]:
    try:
        return orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def show(result: Mapping[str, Any]) -> None:
    """Prints what was found."""
    from mashbill.pipelines.search.written import summary
    from mashbill.pipelines.terminal import Terminal

    console = Terminal()
    console.print("search", style="bold")
    for line in summary(result):
        console.print(f"  {line}", soft_wrap=True)
    folder = search_folder(result["output"])
    console.print(f"  {folder / RECIPE}, {folder / PAGE}", soft_wrap=True)
