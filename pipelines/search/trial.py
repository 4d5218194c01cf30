"""One trial: rows are selected, a student is trained on them and measured on validation."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.search.candidates import Candidate
from mashbill.pipelines.search.choice import Choice, applied, known_choice, suggest
from mashbill.pipelines.search.pool import Pool, selected, write_selected
from mashbill.pipelines.student_plan import student_plan

if TYPE_CHECKING:
    from optuna import Trial

    from mashbill.models.distill.dataset import SoftLabelled
    from mashbill.models.distill.run import Trained

TRAIN_ROWS = "rows"  # what a trial's user attributes say of its data


class Trials:
    """What the study calls: the figure of a trial on validation, higher is better."""

    def __init__(self, recipe: Recipe, candidates: Sequence[Candidate], pool: Pool, folder: Path):
        self.recipe, self.candidates = recipe, candidates
        self.pool, self.folder = pool, folder
        self.figure = figure_of(recipe, pool)

    def __call__(self, trial: "Trial") -> float:
        import optuna

        def rung(number: int, best: float) -> None:
            trial.report(best, number)
            if number < self.recipe.search.rungs and trial.should_prune():
                raise optuna.TrialPruned

        choice = suggest(trial, self.recipe, self.candidates)
        with self._prepared(choice, str(trial.number)) as (data, recipe, place):
            trial.set_user_attr(TRAIN_ROWS, data.splits["train"].rows)
            return self._best(recipe, data, place, rung)

    def again(self, parameters: Mapping[str, Any], seed: int) -> float:
        """The figure of a finished trial's choice, trained from another seed."""
        choice = known_choice(parameters, self.recipe, self.candidates)
        with self._prepared(choice, f"again-{os.getpid()}") as (data, recipe, place):
            return self._best(recipe.model_copy(update={"seed": seed}), data, place)

    @contextmanager
    def _prepared(self, choice: Choice, name: str) -> "Iterator[tuple[SoftLabelled, Recipe, Path]]":
        place = self.folder / "trials" / name
        shutil.rmtree(place, ignore_errors=True)
        try:
            yield *prepare(self.recipe, self.candidates, self.pool, choice, place), place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _best(
        self,
        recipe: Recipe,
        data: "SoftLabelled",
        place: Path,
        told: Callable[[int, float], None] | None = None,
    ) -> float:
        """The best figure of a training.

        Args:
            told: gets the number of each rung, and the best figure up to it.
        """
        from mashbill.models.distill.rungs import Rungs

        values: list[float] = []

        def rung(number: int, metrics: dict[str, float]) -> None:
            values.append(self.value(metrics))
            if told is not None:
                told(number, max(values))

        train(recipe, data, place, [Rungs(rung)])
        return max(values)

    def value(self, metrics: dict[str, float]) -> float:
        """The figure that chooses among checkpoints, so that more of it is better."""
        from mashbill.models.distill.choosing import CHOSEN

        key = f"eval_{CHOSEN}" if self.recipe.search.suites else f"eval_{self.figure}"
        less = self.figure in self.recipe.task.lower_is_better
        return -metrics[key] if less else metrics[key]


def figure_of(recipe: Recipe, pool: Pool) -> str:
    """The figure of validation: as the training chooses by, or else the task's main one; without
    gold labels the agreement with the teacher."""
    import pyarrow.parquet as pq

    if recipe.distill.training.best_by is not None:
        return recipe.distill.training.best_by
    paths = (pool.folder / "data").glob("validation-*.parquet")
    labelled = any(
        table.num_rows > table["label"].null_count
        for table in (pq.read_table(path, columns=["label"]) for path in paths)
    )
    return recipe.task.measure.key if labelled else "agreement"


def prepare(
    recipe: Recipe, candidates: Sequence[Candidate], pool: Pool, choice: Choice, place: Path
) -> "tuple[SoftLabelled, Recipe]":
    """The data set that a choice selects, in `place`, and the recipe of the choice."""
    from mashbill.models.distill.dataset import open_data

    rows = selected(pool, choice)
    write_selected(pool, rows, place / "data set")
    data = open_data(str(place / "data set"), recipe.task)
    data = replace(data, drawn_from=pool.paths)  # what is tokenised once for all trials
    sources = data.splits["train"].sources
    copies = round((data.splits["train"].rows - sources) / max(1, sources))
    made = applied(recipe, choice, candidates, max(copies, 1))
    training = made.distill.training.model_copy(update={"best_by": figure_of(recipe, pool)})
    made = made.model_copy(
        update={"distill": made.distill.model_copy(update={"training": training})}
    )
    return data, made


def train(
    recipe: Recipe, data: "SoftLabelled", place: Path, callbacks: Sequence[Any] = ()
) -> "Trained":
    """Trains the student of a choice.

    Raises:
        MashbillError: see `train_student`.
    """
    from mashbill.models.distill.run import train_student

    return train_student(data, student_plan(recipe, data, None), place / "checkpoints",
                         callbacks=callbacks)  # fmt: skip
