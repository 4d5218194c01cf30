"""What the package's Python API adds to the functions behind the commands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mashbill.pipelines.recipe import Recipe

if TYPE_CHECKING:
    from datasets import DatasetDict

    from mashbill.pipelines.check import Preview


def check(recipe: Recipe, max_rejects: float = 0.01) -> "Preview":
    """What a run would find: examples, models, a few variants, and `faults`, a line each.

    Args:
        recipe: of the run.
        max_rejects: the share of a corpus's rows that may be rejects.
    """
    from mashbill.pipelines.check import preview

    return preview(recipe, max_rejects)


def generate(
    recipe: Recipe,
    *,
    workers: int | None = None,
    partitions: int = 1,
    beam_args: Sequence[str] = (),
    overwrite: bool = False,
    max_rejects: float = 0.01,
) -> str:
    """Makes the data set, with its card and report; what is finished is not made again.

    Args:
        recipe: what to make.
        workers: local worker processes; by default one, or as many as keep the GPUs busy.
        partitions: Beam jobs, one by one, each in a process of its own.
        beam_args: pipeline options for Beam, such as `--runner=DataflowRunner`.
        overwrite: replaces whatever run the output folder holds.
        max_rejects: the share of a corpus's rows that may be rejects.

    Returns:
        The folder of the data set.

    Raises:
        MashbillError: input, models or the folder are not fit for it, a worker failed, or what was
            made is not what was asked for.
    """
    from mashbill.pipelines.generate import generate as make
    from mashbill.pipelines.show import finish

    make(recipe, workers=workers, partitions=partitions, beam_args=beam_args, overwrite=overwrite)
    finish(recipe.output.path, max_rejects)
    return recipe.output.path


def run(
    recipe: Recipe,
    *,
    workers: int | None = None,
    partitions: int = 1,
    beam_args: Sequence[str] = (),
    overwrite: bool = False,
    max_rejects: float = 0.01,
) -> None:
    """Every stage of the recipe in order; each skips what is done. Arguments as for `generate`."""
    from mashbill.pipelines.run import run_all

    run_all(
        recipe,
        workers=workers,
        partitions=partitions,
        beam_args=beam_args,
        overwrite=overwrite,
        max_rejects=max_rejects,
    )


def read_dataset(folder: str) -> "DatasetDict":
    """The data set in a folder that `generate` has made, as `datasets` reads it, split by split."""
    from datasets import load_dataset

    return load_dataset(folder)


def evaluation(recipe: Recipe, max_rejects: float = 0.01) -> dict[str, Any]:
    """Every model on every set, as evaluation.json has it; see docs/evaluation.md for the keys."""
    from mashbill.pipelines.evaluation.evaluate import evaluate

    return evaluate(recipe, max_rejects)
