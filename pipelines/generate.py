"""`mashbill generate`: the shards of a data set, all at once or partition by partition.

Heavy imports stand inside the functions: the process that waits for the partitions, each in one of
its own, needs neither Beam nor torch.
"""

from collections.abc import Sequence
from typing import Any

from mashbill.models.errors import MashbillError
from mashbill.pipelines.apart import call_apart
from mashbill.pipelines.children import one_account
from mashbill.pipelines.machine import sensible_workers
from mashbill.pipelines.memory import child_killed, note
from mashbill.pipelines.reaper import workers_end_with_the_driver
from mashbill.pipelines.recipe import Recipe


@one_account()
def generate(
    recipe: Recipe,
    *,
    partitions: int = 1,
    partition: int | None = None,
    workers: int | None = None,
    beam_args: Sequence[str] = (),
    overwrite: bool = False,
) -> bool:
    """Makes the shards that are not finished yet; true if all of them now are.

    Args:
        recipe: what to make.
        partitions: how many Beam jobs the shards are cut into.
        partition: only this one of them, from 1.
        workers: local worker processes; by default one, or as many as keep the machine's GPUs busy.
        beam_args: pipeline options for Beam, such as `--runner=DataflowRunner`.
        overwrite: replaces whatever run the output folder holds.

    Raises:
        MashbillError: before any work where input, models or the folder are not fit for it; later
            where a worker failed.
    """
    shards = recipe.output.shards
    if partitions > shards:
        raise MashbillError(f"--partitions {partitions}: more than output.shards, {shards}")
    chosen = ""
    if workers is None and any(arg.startswith("--runner") for arg in beam_args):
        workers = 1
    elif workers is None:
        workers, why = sensible_workers(-(-shards // partitions))
        number = "one worker" if workers == 1 else f"{workers} workers"
        chosen = f"generate: {number} ({why}; --workers says otherwise)"
    job = {"partitions": partitions, "workers": workers, "beam_args": tuple(beam_args)}
    job["chosen"] = chosen
    if partition is None and partitions > 1:
        return not _one_after_another(recipe, job, overwrite)
    alone = partition is None
    return not _make_shards(recipe, {**job, "partition": partition or 1}, overwrite, alone)


def _one_after_another(recipe: Recipe, job: dict[str, Any], overwrite: bool) -> frozenset[int]:
    """Each partition in a process of its own: the memory that one took would not come back."""
    partitions = job["partitions"]
    with workers_end_with_the_driver():
        missing = frozenset(range(recipe.output.shards))
        for i in range(partitions):
            first = i == 0  # which also opens the folder
            if first or any(shard % partitions == i for shard in missing):
                note(f"partition {i + 1} of {partitions}")
                own = {**job, "partition": i + 1, "in_turn": True}
                try:
                    missing = call_apart(_make_shards, recipe, own, overwrite and first, first)
                except ChildProcessError:
                    raise MashbillError(_killed(recipe, job)) from None
    _use_file_systems(job)
    return missing


def _make_shards(
    recipe: Recipe, job: dict[str, Any], overwrite: bool, alone: bool
) -> frozenset[int]:
    from mashbill.pipelines.job import make_shards

    return make_shards(recipe, **job, overwrite=overwrite, alone=alone)


def _killed(recipe: Recipe, job: dict[str, Any]) -> str:
    from mashbill.pipelines.job import status
    from mashbill.pipelines.runner import WORKER_KILLED

    _use_file_systems(job)
    said = status(recipe.output.path, recipe.output.shards)
    return f"{child_killed(WORKER_KILLED)} ({said})"


def _use_file_systems(job: dict[str, Any]) -> None:
    """Lets this process reach the output folder with the options that the jobs had."""
    from apache_beam.io.filesystems import FileSystems

    from mashbill.pipelines.runner import pipeline_options

    FileSystems.set_options(pipeline_options(job["beam_args"], job["workers"]))
