"""The best trials trained again from other seeds, so that none is chosen for a lucky training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mashbill.pipelines.messages import tell
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.search.candidates import Candidate
from mashbill.pipelines.search.study import in_processes, open_study

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial


class Again(NamedTuple):
    """One more training of a trial's choice."""

    trial: int
    parameters: Mapping[str, Any]
    seed: int


def train_finalists(
    study: "Study",
    recipe: Recipe,
    candidates: Sequence[Candidate],
    folder: Path,
    workers: int,
) -> None:
    """Trains the best trials and the recipe as it was from so many seeds as `search.seeds` says,
    unless that was done.

    Raises:
        MashbillError: see `run_trials`.
    """
    ranked = sorted(complete(study), key=lambda trial: -trial.value)
    usual = [trial for trial in ranked if trial.params == study.trials[0].params]
    finalists = {trial.number: trial for trial in (*ranked[: recipe.search.finalists], *usual)}
    every = [
        Again(trial.number, trial.params, seed)
        for seed in _more_seeds(recipe)
        for trial in finalists.values()
    ]
    jobs = [job for job in every if _key(job.trial, job.seed) not in study.user_attrs]
    if not jobs:
        return
    tell(f"search: {len(finalists)} finalists, {len(jobs)} more trainings")
    workers = min(workers, len(jobs))
    share = recipe, list(candidates), folder
    in_processes(_train, [(*share, jobs[number::workers]) for number in range(workers)])


def _train(
    recipe: Recipe, candidates: Sequence[Candidate], folder: Path, jobs: Sequence[Again]
) -> None:
    from mashbill.pipelines.search.pool import open_pool
    from mashbill.pipelines.search.trial import Trials

    study = open_study(folder / "study.db", recipe.seed, recipe.search.rungs)
    trials = Trials(recipe, candidates, open_pool(recipe, str(folder / "pool")), folder)
    for job in jobs:
        key, value = _key(job.trial, job.seed), trials.again(job.parameters, job.seed)
        study.set_user_attr(key, value)
        tell(f"{key}: {value:.4f}")


def _more_seeds(recipe: Recipe) -> range:
    """Of the trainings behind a trial's own."""
    return range(recipe.seed + 1, recipe.seed + recipe.search.seeds)


def _key(trial: int, seed: int) -> str:
    """Under which the study keeps the figure of a training."""
    return f"trial {trial}, seed {seed}"


def complete(study: "Study") -> "list[FrozenTrial]":
    """The trials that were trained to their end."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def trainings_of(trial: "FrozenTrial", study: "Study", recipe: Recipe) -> list[float]:
    """The figures of its trainings, its own first; empty if that did not end."""
    keys = [_key(trial.number, seed) for seed in _more_seeds(recipe)]
    own = [trial.value] if trial.state.name == "COMPLETE" else []
    return own + [study.user_attrs[key] for key in keys if key in study.user_attrs]
