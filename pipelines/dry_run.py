"""`mashbill generate --dry-run`: builds the job and checks its options; runs and writes nothing."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from apache_beam.options.pipeline_options import StandardOptions, TestOptions
from apache_beam.portability.api import beam_runner_api_pb2
from rich.table import Table

from mashbill.pipelines.job import build_pipeline
from mashbill.pipelines.later_stages import check_of_student
from mashbill.pipelines.prepare import prepare
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.runner import DETACHED_RUNNERS, pipeline_options, run_pipeline
from mashbill.pipelines.terminal import Terminal


class Step(NamedTuple):
    """One transform of a job and what it asks of the machine that runs it."""

    name: str
    hints: Mapping[str, str]


class DryRun(NamedTuple):
    """A job that could be built.

    Attributes:
        steps: in order.
        first: models that other commands have to make before it can run, and which commands.
    """

    steps: list[Step]
    first: Mapping[str, str]


def dry_run(recipe: Recipe, *, workers: int, beam_args: Sequence[str]) -> DryRun:
    """The job that would make every shard.

    For Dataflow the job is built to the last message before it would be sent, which needs the
    extra `gcp` but no account.

    Raises:
        MashbillError: inputs, models or options are not fit for the run, or the student could not
            be built.
    """
    options = pipeline_options(beam_args, workers)
    options.view_as(TestOptions).dry_run = True
    wanted = frozenset(range(recipe.output.shards))
    for _, check in check_of_student(recipe):
        check()
    prepared = prepare(recipe, dry=True)
    pipeline = build_pipeline(recipe, prepared, wanted, options)
    detached = options.view_as(StandardOptions).runner in DETACHED_RUNNERS
    job = run_pipeline(pipeline).job.proto_pipeline if detached else pipeline.to_runner_api()
    return DryRun(steps(job), prepared.to_be_made)


def steps(pipeline: beam_runner_api_pb2.Pipeline) -> list[Step]:
    """The top-level transforms, with the resource hints of whatever they hold."""
    transforms = pipeline.components.transforms
    (root,) = pipeline.root_transform_ids
    return [
        Step(transforms[name].unique_name, _hints(pipeline, name))
        for name in transforms[root].subtransforms
    ]


def _hints(pipeline: beam_runner_api_pb2.Pipeline, name: str) -> dict[str, str]:
    transform = pipeline.components.transforms[name]
    environment = pipeline.components.environments[transform.environment_id]
    hints = {
        urn.split(":")[-2]: value.decode() for urn, value in environment.resource_hints.items()
    }
    for part in transform.subtransforms:
        hints |= _hints(pipeline, part)
    return hints


def show(recipe: Recipe, plan: DryRun) -> None:
    """Prints the job, and what must come first."""
    console = Terminal()
    table = Table("step", "resources", title=f"{recipe.output.shards} shards, one job")
    for step in plan.steps:
        table.add_row(step.name, ", ".join(f"{name} {value}" for name, value in step.hints.items()))
    console.print(table)
    for model, command in plan.first.items():
        line = f"run mashbill {command} first: it creates {model}"
        console.print(line, soft_wrap=True)
    console.print("dry run: nothing was run or written")
