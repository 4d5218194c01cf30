"""The study: trials of students, in one process or several, kept in SQLite and resumable."""

import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mashbill.models.errors import MashbillError
from mashbill.pipelines.apart import call_apart
from mashbill.pipelines.messages import tell
from mashbill.pipelines.reaper import workers_end_with_the_driver
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.search.candidates import Candidate

if TYPE_CHECKING:
    from optuna import Study

NAME = "search"
FINGERPRINT = "fingerprint"
BEAT, SILENCE = 30, 120  # seconds between signs of life of a trial, and until it is tried again
WAITS = 120  # seconds for another process that writes


class Budget(NamedTuple):
    """When a search ends, whichever comes first.

    Attributes:
        trials: how many there are in all, those of earlier calls included.
        ends: no trial but the first begins after that, in seconds since the epoch; None for no
            limit.
    """

    trials: int
    ends: float | None = None


def open_study(database: Path, seed: int, rungs: int, worker: int = 0) -> "Study":
    """The study in this file, made if it is not there.

    Args:
        seed: of what the next trial tries; every worker has another.
        rungs: evaluations of a trial.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # What it warns of as experimental is pinned by requirements.txt.
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    storage = optuna.storages.RDBStorage(
        f"sqlite:///{database}",
        engine_kwargs={"connect_args": {"timeout": WAITS}},
        heartbeat_interval=BEAT,
        grace_period=SILENCE,
        heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(
            max_retry=2
        ),
    )
    return optuna.create_study(
        study_name=NAME,
        storage=storage,
        sampler=optuna.samplers.TPESampler(
            seed=(seed + worker) % 2**32, multivariate=True, group=True, constant_liar=True,
            n_startup_trials=8,
        ),
        pruner=optuna.pruners.HyperbandPruner(
            min_resource=1, max_resource=max(1, rungs), reduction_factor=3
        ),
        direction="maximize",
        load_if_exists=True,
    )  # fmt: skip


def check_same(study: "Study", name: str, folder: Path) -> None:
    """Raises MashbillError if the study is of another search than the one called `name`."""
    known = study.user_attrs.get(FINGERPRINT)
    if known is None:
        study.set_user_attr(FINGERPRINT, name)
    elif known != name:
        raise MashbillError(
            f"{folder} holds a search with other settings, data or models; remove the folder to "
            "search anew"
        )


def finished(study: "Study") -> int:
    """Trials that are over, in whatever way."""
    return sum(trial.state.is_finished() for trial in study.trials)


def run_trials(
    recipe: Recipe, candidates: Sequence[Candidate], folder: Path, budget: Budget, workers: int
) -> None:
    """Tries until the budget is spent, in so many processes.

    Raises:
        MashbillError: what is amiss with data or models; or a process was killed.
    """
    share = recipe, list(candidates), folder, budget
    in_processes(work, [(*share, number) for number in range(workers)])


def in_processes(function: Callable[..., None], calls: Sequence[tuple]) -> None:
    """Makes each call in a process of its own, or a single one in this.

    Args:
        calls: the arguments of each.

    Raises:
        MashbillError: what a call raises; or a process was killed.
    """
    if len(calls) == 1:
        function(*calls[0])
        return
    with workers_end_with_the_driver(), ThreadPoolExecutor(len(calls)) as threads:
        jobs = [threads.submit(call_apart, function, *arguments) for arguments in calls]
        for job in jobs:
            try:
                job.result()
            except ChildProcessError as error:
                raise MashbillError(
                    f"a worker of the search was {error}; run the same command again to resume"
                ) from None


def work(
    recipe: Recipe,
    candidates: Sequence[Candidate],
    folder: Path,
    budget: Budget,
    worker: int,
) -> None:
    """What one process does: a trial after the other."""
    import optuna
    from optuna.study import MaxTrialsCallback

    from mashbill.pipelines.search.pool import open_pool
    from mashbill.pipelines.search.trial import Trials

    study = open_study(folder / "study.db", recipe.seed, recipe.search.rungs, worker)
    if finished(study) >= budget.trials:
        return
    over = tuple(state for state in optuna.trial.TrialState if state.is_finished())

    def said(_: Any, trial: "optuna.trial.FrozenTrial") -> None:
        value = "" if trial.value is None else f" {trial.value:.4f}"
        tell(f"trial {trial.number}: {trial.state.name.lower()}{value}")

    def is_over(study: "optuna.Study", _: Any) -> None:
        if budget.ends is not None and time.time() >= budget.ends:
            study.stop()

    study.optimize(
        Trials(recipe, candidates, open_pool(recipe, str(folder / "pool")), folder),
        callbacks=[said, is_over, MaxTrialsCallback(budget.trials, states=over)],
        catch=(MashbillError,),
    )
