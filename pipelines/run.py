"""`mashbill run`: every stage of a recipe in order; each skips what is up to date."""

from collections.abc import Sequence

from mashbill.models.endpoint_settings import check_keys
from mashbill.pipelines.adapt_mlm import adapt_mlm
from mashbill.pipelines.children import one_account
from mashbill.pipelines.distill import distill
from mashbill.pipelines.evaluation.evaluate import evaluate
from mashbill.pipelines.evaluation.sets import other_sets
from mashbill.pipelines.evaluation.show import show_evaluation
from mashbill.pipelines.finalize import finalize
from mashbill.pipelines.generate import generate
from mashbill.pipelines.later_stages import check_later_stages
from mashbill.pipelines.messages import show_metrics
from mashbill.pipelines.order import made_before
from mashbill.pipelines.prepare import check
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.rounds import assistant_recipe, student_recipe, variants_recipe
from mashbill.pipelines.show import finish, tell_unfinished
from mashbill.pipelines.terminal import Terminal
from mashbill.pipelines.train_assistant import train_assistant
from mashbill.pipelines.train_teacher import train_teacher


@one_account()
def run_all(
    recipe: Recipe,
    *,
    max_rejects: float,
    overwrite: bool,
    workers: int | None,
    partitions: int,
    beam_args: Sequence[str],
) -> None:
    """Trains the teacher, adapts the masked language model, generates, distills and evaluates; a
    student that is evaluated gets the baseline that it is held against.

    Raises:
        MashbillError: a stage failed, or what it made is not what was asked for: see `finish`.
    """
    check(recipe, made_before("generate", recipe))
    if not beam_args:  # workers elsewhere have an environment of their own
        check_keys(recipe.endpoints())
    check_later_stages(recipe)
    if recipe.evaluate is not None:
        other_sets(recipe, max_rejects)  # sets that cannot be used end the run here
    console = Terminal(stderr=True)

    def is_whole(part: Recipe) -> bool:
        complete = generate(
            part, partitions=partitions, workers=workers, beam_args=beam_args, overwrite=overwrite
        )
        if complete:
            finish(part.output.path, max_rejects)
        else:
            tell_unfinished(part.output.path, part.output.shards)
        return complete

    if recipe.teacher.train is not None:
        console.print("train-teacher", style="bold")
        show_metrics("teacher", train_teacher(recipe, max_rejects))
    if recipe.mlm is not None:
        console.print("adapt-mlm", style="bold")
        show_metrics("masked language model", adapt_mlm(recipe, max_rejects))
    for number in range(1, recipe.rounds + 1):
        of_round = f" round {number} of {recipe.rounds}" if recipe.rounds > 1 else ""
        if number > 1:
            console.print(f"train-assistant{of_round}", style="bold")
            show_metrics("assistant", train_assistant(assistant_recipe(recipe, number)))
        console.print(f"generate{of_round}", style="bold")
        if not is_whole(recipe if number == 1 else variants_recipe(recipe, number)):
            return
        if number > 1:
            finalize(recipe.output.path, max_rejects)  # the card names what was added
        if recipe.distill is not None:
            console.print(f"distill{of_round}", style="bold")
            show_metrics("student", distill(student_recipe(recipe, number)))
    if recipe.evaluate is not None:
        if recipe.distill is not None and (baseline := recipe.evaluate.baseline) is not None:
            console.print(f"distill --baseline {baseline}", style="bold")
            last = student_recipe(recipe, recipe.rounds)
            show_metrics(f"student ({baseline})", distill(last, baseline))
        console.print("evaluate", style="bold")
        show_evaluation(evaluate(recipe, max_rejects))
