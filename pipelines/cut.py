"""The job that cuts the corpora for all partitions of a run, where that pays."""

from collections.abc import Callable, Collection

import apache_beam as beam
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from mashbill.pipelines.job_input import count_words, identified_by, strata_of
from mashbill.pipelines.prepare import Prepared
from mashbill.pipelines.progress import Progress
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.runner import DETACHED_RUNNERS, new_pipeline, run_pipeline
from mashbill.pipelines.stages import stages
from mashbill.transforms import coders
from mashbill.transforms.corpus_files import stored_bytes
from mashbill.transforms.cut import Cut, CutItem, WriteLosers, write_statistics
from mashbill.transforms.near_duplicates import NearDuplicates
from mashbill.transforms.read import Read, ReadItem

WORTH = 32 << 20  # bytes that are not read again; reading them costs as much as the job's start


def cut_for(
    recipe: Recipe,
    prepared: Prepared,
    cut: Cut,
    left: Collection[int],
    options: PipelineOptions,
    status: Callable[[], str],
) -> None:
    """Cuts the corpora if that is not done yet, and pays.

    Args:
        cut: where to.
        left: the partitions that are still to be made, this job's included.
        status: see `run_pipeline`.

    Raises:
        MashbillError: the job failed.
    """
    if cut.is_whole() or not pays(recipe, prepared, left, options):
        return
    with Progress("corpora, cut by partition", {}):
        run_pipeline(build_cut(recipe, prepared, cut, options), status)
    cut.close()


def pays(
    recipe: Recipe, prepared: Prepared, partitions: Collection[int], options: PipelineOptions
) -> bool:
    """Whether the corpora are better cut before these partitions, one after another, are made.

    Never where the runner does not wait for the end of a job.
    """
    if options.view_as(StandardOptions).runner in DETACHED_RUNNERS:
        return False
    again = len(partitions) - 1
    is_of_hub = any(item.format == "hub" for item in prepared.items)  # of unknown size
    return again > 0 and (is_of_hub or again * sum(map(stored_bytes, recipe.specs())) >= WORTH)


def build_cut(
    recipe: Recipe, prepared: Prepared, cut: Cut, options: PipelineOptions
) -> beam.Pipeline:
    """The pipeline that writes all that `CutCorpus` reads; nothing runs yet."""
    coders.register()
    pipeline = new_pipeline(options)
    every, items = frozenset(range(cut.shards)), prepared.items
    strata = []
    if recipe.splits.stratify:
        reading = Read(items, recipe.task, cut.shards, frozenset())
        strata = strata_of(recipe, (pipeline | "read for the strata" >> reading).examples)
    read = ReadItem(recipe.task, cut.shards, every)
    examples = (
        pipeline
        | "pieces" >> beam.Create(list(enumerate(items)))
        | "spread" >> beam.Reshuffle()
        | "cut" >> beam.ParDo(CutItem(read, identified_by(recipe), cut), *strata)
        .with_output_types(pa.RecordBatch)
    )  # fmt: skip
    if (near := recipe.near_duplicate) is not None:
        _ = (
            examples
            | "near duplicates" >> NearDuplicates(near, cut.shards, every)
            | "of a shard" >> beam.GroupByKey()
            | "write losers" >> beam.ParDo(WriteLosers(cut))
        )
    if any("statistics" in stage.side_inputs for stage in stages(recipe)):
        counted = examples | "word counts" >> count_words(recipe)
        _ = counted | "write word counts" >> beam.Map(write_statistics, cut.statistics)
    return pipeline
