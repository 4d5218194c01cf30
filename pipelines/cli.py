"""The command line. Heavy imports stand inside the commands, so that `--help` answers at once."""

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from mashbill.models.errors import MashbillError, is_of_the_machine, one_line
from mashbill.models.plugins import packages_blamed
from mashbill.pipelines.logs import start_logging

MAX_REJECTS = click.option(
    "--max-rejects",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Largest share of a corpus's rows that a stage may reject before the run fails.",
)
WORKERS = click.option(
    "--workers",
    type=click.IntRange(1),
    help="Local worker processes. Default: 1, or as many as keep the GPUs busy.",
)
OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace the run in the output folder.")
BEAM_ARGS = click.argument("beam_args", nargs=-1, type=click.UNPROCESSED)


class Commands(click.Group):
    """Shows errors that a user can mend as one message; suggests a command for a misspelt one."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with packages_blamed():
                return super().invoke(ctx)
        except click.ClickException as error:
            from mashbill.pipelines.terminal import terminal_text

            error.message = terminal_text(error.message)
            raise
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (for the interpreter's last flush)
            ctx.exit(1)
        except Exception as error:
            ours = isinstance(error, MashbillError)
            debug = ctx.params.get("debug")
            if not ours and (debug or not is_of_the_machine(error)):
                raise
            from mashbill.pipelines.memory import out_of_memory
            from mashbill.pipelines.terminal import terminal_text

            if debug:
                click.echo(terminal_text(traceback.format_exc()), err=True)
            said = error if ours else one_line(error)
            said = out_of_memory() if isinstance(error, MemoryError) else said
            click.echo(terminal_text(f"mashbill: {said}"), err=True)
            ctx.exit(getattr(error, "exit_code", 1))


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="mashbill")
def main(debug: bool) -> None:
    """Augment a text corpus, label it softly with a teacher, and distil a student from it."""
    _refuse_deleted_folder()
    start_logging(logging.DEBUG if debug else logging.ERROR)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")


def _refuse_deleted_folder() -> None:
    try:
        os.getcwd()
    except FileNotFoundError:
        click.echo("mashbill: the current folder has been deleted; change to another one", err=True)
        raise click.exceptions.Exit(2) from None


def recipe_command(function: Callable) -> Callable:
    """A command over a recipe file and its overrides; the function gets the Recipe."""

    @main.command(name=function.__name__.replace("_", "-"))
    @click.argument("recipe", type=click.Path(exists=True, dir_okay=False))
    @click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Override a key of the recipe, such as augment.copies=2.",
    )
    @wraps(function)
    def command(recipe: str, overrides: tuple[str, ...], **options: Any) -> None:
        from mashbill.pipelines.recipe_file import load_recipe

        function(load_recipe(recipe, overrides), **options)

    return command


@recipe_command
@OVERWRITE
@MAX_REJECTS
@WORKERS
@click.option("--partitions", type=click.IntRange(1), default=1, help="Beam jobs, one by one.")
@BEAM_ARGS
def run(recipe, overwrite, max_rejects, workers, partitions, beam_args) -> None:
    """Run every stage of RECIPE in order; skip what is up to date."""
    from mashbill.pipelines.run import run_all

    run_all(
        recipe,
        max_rejects=max_rejects,
        overwrite=overwrite,
        workers=workers,
        partitions=partitions,
        beam_args=beam_args,
    )


@recipe_command
@MAX_REJECTS
def check(recipe, max_rejects) -> None:
    """Check all that RECIPE needs, without loading a model; show rows and variants."""
    from mashbill.pipelines.check import check_recipe

    check_recipe(recipe, max_rejects)


@recipe_command
@MAX_REJECTS
def train_teacher(recipe, max_rejects) -> None:
    """Fine-tune the teacher on the labelled train split."""
    from mashbill.pipelines.messages import show_metrics
    from mashbill.pipelines.train_teacher import train_teacher as train

    show_metrics("teacher", train(recipe, max_rejects))


@recipe_command
@MAX_REJECTS
def adapt_mlm(recipe, max_rejects) -> None:
    """Adapt the masked language model to the train text."""
    from mashbill.pipelines.adapt_mlm import adapt_mlm as adapt
    from mashbill.pipelines.messages import show_metrics

    show_metrics("masked language model", adapt(recipe, max_rejects))


@recipe_command
def train_assistant(recipe) -> None:
    """Train the assistant, which writes texts that the student gets wrong."""
    from mashbill.pipelines.messages import show_metrics
    from mashbill.pipelines.train_assistant import train_assistant as train

    show_metrics("assistant", train(recipe))


def _part(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    try:
        part, parts = map(int, value.split("/"))
    except ValueError:
        raise click.BadParameter(f"{value!r}: expected i/K, such as 1/4") from None
    if not 1 <= part <= parts:
        raise click.BadParameter(f"{value!r}: i must be from 1 to {parts}")
    return part, parts


@recipe_command
@OVERWRITE
@MAX_REJECTS
@WORKERS
@click.option("--partitions", type=click.IntRange(1), default=1, help="Beam jobs, one by one.")
@click.option("--partition", callback=_part, metavar="i/K", help="Only this one of K partitions.")
@click.option("--dry-run", is_flag=True, help="Build the job and check its options; run nothing.")
@BEAM_ARGS
def generate(
    recipe, overwrite, max_rejects, workers, partitions, partition, dry_run, beam_args
) -> None:
    """Write the data set. Options after `--` go to Beam, such as `-- --runner=FlinkRunner`."""
    if dry_run:
        from mashbill.pipelines.dry_run import dry_run as build
        from mashbill.pipelines.dry_run import show

        show(recipe, build(recipe, workers=workers or 1, beam_args=beam_args))
        return
    from mashbill.pipelines.generate import generate as make

    part, partitions = partition or (None, partitions)
    complete = make(
        recipe,
        partitions=partitions,
        partition=part,
        workers=workers,
        beam_args=beam_args,
        overwrite=overwrite,
    )
    from mashbill.pipelines.show import finish, tell_unfinished

    if complete:
        finish(recipe.output.path, max_rejects)
    else:
        tell_unfinished(recipe.output.path, recipe.output.shards)


@recipe_command
@click.option(
    "--baseline",
    type=click.Choice(["hard-real", "kd-real", "hard-synthetic", "kd"]),
    help="Train this baseline instead, for the same number of steps.",
)
def distill(recipe, baseline) -> None:
    """Train the student from the data set."""
    from mashbill.pipelines.distill import distill as train
    from mashbill.pipelines.messages import show_metrics

    show_metrics(f"student ({baseline})" if baseline else "student", train(recipe, baseline))


@recipe_command
@MAX_REJECTS
def evaluate(recipe, max_rejects) -> None:
    """Compare teacher, student and other models, clean and perturbed."""
    from mashbill.pipelines.evaluation.evaluate import evaluate as measure
    from mashbill.pipelines.evaluation.show import show_evaluation

    show_evaluation(measure(recipe, max_rejects))


@recipe_command
@click.option(
    "--trials",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    help="Trials in all, those of earlier calls included.",
)
@click.option("--hours", type=click.FloatRange(0, min_open=True), help="End after so many hours.")
@click.option("--workers", type=click.IntRange(1), default=1, help="Trials at the same time.")
def search(recipe, trials, hours, workers) -> None:
    """Find the methods, rates and settings that make the best student, on validation."""
    from mashbill.pipelines.search.search import search as find
    from mashbill.pipelines.search.search import show
    from mashbill.pipelines.search.study import Budget

    ends = None if hours is None else time.time() + 3600 * hours
    show(find(recipe, Budget(trials, ends), workers))


@main.command()
@click.argument("out", type=click.Path())
@MAX_REJECTS
def finalize(out: str, max_rejects: float) -> None:
    """Write the card, run.json and the report of a finished job in OUT."""
    from mashbill.pipelines.show import finish

    finish(out, max_rejects)


@main.command()
@click.argument("out", type=click.Path())
def inspect(out: str) -> None:
    """Summarise the data set in OUT and write its report.html."""
    from mashbill.pipelines.inspect import inspect as look

    look(out)


@main.command()
@click.option("--use", required=True, help="Name of the augmenter; see `mashbill augmenters`.")
@click.option(
    "--rate", type=click.FloatRange(0, 1), help="Share of the words or letters to change."
)
@click.option("--copies", type=click.IntRange(1), default=1, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--model", help="Model folder, for augmenters that need one.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Other parameters.")
@click.option("--language", default="en", show_default=True, help="Language of the lines, or any.")
def augment(use, rate, copies, seed, model, settings, language) -> None:
    """Try an augmenter: read lines of text, write their variants as JSON lines."""
    from mashbill.pipelines.augment import augment_lines, augmenter_from_options
    from mashbill.pipelines.terminal import json_text

    augmenter = augmenter_from_options(use, rate, model, settings, language)
    for line in augment_lines(augmenter, sys.stdin.buffer, copies, seed):
        click.echo(json_text(line))


@main.command()
@click.option(
    "--format", "form", type=click.Choice(["json", "markdown"]), default="json", show_default=True
)
def schema(form) -> None:
    """Print the JSON Schema of a recipe, for editors, or a reference page of its keys."""
    import json

    from mashbill.pipelines.schema import recipe_schema, reference

    json_schema = recipe_schema()
    page = (
        json.dumps(json_schema, indent=1, ensure_ascii=False)
        if form == "json"
        else reference(json_schema)
    )
    click.echo(page.rstrip())


@main.command()
def augmenters() -> None:
    """List every augmenter with its parameters and an example."""
    from mashbill.pipelines.augment import list_augmenters

    list_augmenters()


@main.command()
def filters() -> None:
    """List every filter with its parameters, the columns it reads and its reasons."""
    from mashbill.pipelines.augment import list_filters

    list_filters()
