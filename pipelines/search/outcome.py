"""What a search ends with: its best choice and the recipe as it was, tested once."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mashbill.models.significance import difference, interval
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.search.candidates import Candidate
from mashbill.pipelines.search.choice import Choice
from mashbill.pipelines.search.noises import tested
from mashbill.pipelines.search.pool import Pool
from mashbill.pipelines.search.trial import prepare, train

CLEAN = "clean"


def on_test(
    recipe: Recipe,
    candidates: Sequence[Candidate],
    pool: Pool,
    choices: dict[str, Choice],
    folder: Path,
) -> dict[str, Any]:
    """Trains students of each choice again, one from each seed, and measures them on test, as it
    is and under the noise of the report, each suite at its last level.

    Returns:
        by choice the main figure under each condition and over all, the clean one as much as the
        others together, with intervals; and of the first choice against each other one the
        difference. Empty without labelled test rows.
    """
    rows = {name: _rows(recipe, candidates, pool, choice, folder / "trials" / name)
            for name, choice in choices.items()}  # fmt: skip
    if not all(rows.values()):
        return {}
    means = {name: _mean(found) for name, found in rows.items()}
    first, *others = means
    return {
        "measure": recipe.task.measure._asdict(),
        "rows": len(means[first]),
        "models": {
            name: {key: interval(values)._asdict() for key, values in found.items()}
            | {"mean": interval(means[name])._asdict()}
            for name, found in rows.items()
        },
        "differences": {
            other: difference(means[first], means[other])._asdict() for other in others
        },
    }


def _mean(found: dict[str, np.ndarray]) -> np.ndarray:
    """Of each row, float64 [rows]."""
    noisy = [values for key, values in found.items() if key != CLEAN]
    clean = found[CLEAN].astype(np.float64)
    return (clean + np.mean(noisy, axis=0)) / 2 if noisy else clean


def _rows(
    recipe: Recipe, candidates: Sequence[Candidate], pool: Pool, choice: Choice, place: Path
) -> dict[str, np.ndarray]:
    """The main figure of each labelled test row under each condition, the mean of the seeds."""
    from mashbill.models.distill.answers import answers
    from mashbill.models.distill.batches import split_batches

    shutil.rmtree(place, ignore_errors=True)
    data, made = prepare(recipe, candidates, pool, choice, place)
    if "test" not in data.splits or not data.splits["test"].labelled:
        return {}
    changes = {CLEAN: None}
    changes |= {one.name: partial(one.texts, level=len(one.levels)) for one in tested(recipe)}
    found = {name: [] for name in changes}
    for seed in range(recipe.seed, recipe.seed + recipe.search.seeds):
        trained = train(made.model_copy(update={"seed": seed}), data, place / str(seed))
        for name, change in changes.items():
            batches = split_batches(data, "test", trained.encoder, 256, change)
            known = answers(trained.model, batches, data.task).labelled()
            found[name].append(data.task.of_rows(known.student, known.labels))
    shutil.rmtree(place, ignore_errors=True)
    return {
        name: rows[0] if len(rows) == 1 else np.mean(rows, axis=0) for name, rows in found.items()
    }
