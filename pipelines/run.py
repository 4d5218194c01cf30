"""`mashbill run`: every stage of a recipe in order; each skips what is up to date."""

from collections.abc import Sequence

from rich.console import Console

from pipelines.adapt_mlm import adapt_mlm
from pipelines.distill import distill
from pipelines.evaluation.evaluate import evaluate
from pipelines.evaluation.show import show_evaluation
from pipelines.generate import generate
from pipelines.prepare import check
from pipelines.recipe import Recipe
from pipelines.show import finish, show_metrics
from pipelines.train_teacher import train_teacher


def run_all(
    recipe: Recipe,
    *,
    max_rejects: float,
    overwrite: bool,
    workers: int,
    partitions: int,
    beam_args: Sequence[str],
) -> None:
    """Trains the teacher, adapts the masked language model, generates, distills and evaluates.

    Raises:
        MashbillError: a stage failed, or a corpus lost more than `max_rejects` of its rows.
    """
    trained = [recipe.teacher.model] if recipe.teacher.train is not None else []
    check(recipe, [*trained, recipe.mlm.model] if recipe.mlm is not None else trained)
    console = Console(stderr=True)
    if recipe.teacher.train is not None:
        console.print("[bold]train-teacher[/]")
        show_metrics("teacher", train_teacher(recipe))
    if recipe.mlm is not None:
        console.print("[bold]adapt-mlm[/]")
        show_metrics("masked language model", adapt_mlm(recipe))
    console.print("[bold]generate[/]")
    complete = generate(
        recipe, partitions=partitions, workers=workers, beam_args=beam_args, overwrite=overwrite
    )
    if complete:
        finish(recipe.output.path, max_rejects)
    else:
        return
    if recipe.distill is not None:
        console.print("[bold]distill[/]")
        show_metrics("student", distill(recipe))
    if recipe.evaluate is not None:
        console.print("[bold]evaluate[/]")
        show_evaluation(evaluate(recipe))
