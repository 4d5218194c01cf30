"""`mashbill generate`: the Beam pipeline from corpus files to an annotated Parquet data set."""

from collections.abc import Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

import transforms.coders  # noqa: F401  (registers the Arrow coder)
from models.errors import MashbillError
from models.loading import tokenizer_hash
from pipelines.finalize import versions
from pipelines.output import finished_shards, open_output, remove_temporary_files
from pipelines.prepare import Prepared, prepare
from pipelines.progress import Progress
from pipelines.recipe import Recipe
from pipelines.runner import pipeline_options, run_pipeline
from transforms.annotate import Annotate, TeacherFilter
from transforms.augment import Augment, Method
from transforms.layout import features, parquet_schema
from transforms.read import Read
from transforms.shuffle import HELD_OUT, Deduplicate, ToShards
from transforms.similarity import Similarity
from transforms.stage import LEDGER, Stage
from transforms.statistics import CorpusStatistics
from transforms.write import WriteShard


def generate(
    recipe: Recipe,
    *,
    partitions: int = 1,
    partition: int | None = None,
    workers: int = 1,
    beam_args: Sequence[str] = (),
    overwrite: bool = False,
) -> None:
    """Makes the shards that are not finished yet.

    Args:
        recipe: what to make.
        partitions: how many Beam jobs the shards are cut into.
        partition: only this one of them, from 1.
        workers: local worker processes.
        beam_args: pipeline options for Beam, such as `--runner=DataflowRunner`.
        overwrite: replaces whatever run the output folder holds.

    Raises:
        MashbillError: before any work where input, models or the folder are not fit for it; later
            where a worker failed.
    """
    prepared = prepare(recipe)
    out, shards = recipe.output.path, recipe.output.shards
    if partitions > shards:
        raise MashbillError(f"--partitions {partitions}: there are only {shards} shards")
    open_output(out, prepared.settings, overwrite)
    if partition is None:
        remove_temporary_files(out)
    finished = finished_shards(out, shards)
    for part in range(1, partitions + 1) if partition is None else [partition]:
        wanted = frozenset(range(part - 1, shards, partitions)) - finished
        if not wanted:
            continue
        options = pipeline_options(beam_args, workers)
        title = f"partition {part} of {partitions}" if partitions > 1 else "generate"
        with Progress(title, {"shards": len(wanted)}):
            run_pipeline(build_pipeline(recipe, prepared, wanted, options))


def build_pipeline(
    recipe: Recipe, prepared: Prepared, wanted: frozenset[int], options: PipelineOptions
) -> beam.Pipeline:
    """The pipeline that makes the shards `wanted`; nothing runs yet."""
    shards = recipe.output.shards
    pipeline = beam.Pipeline(options=options)
    read = pipeline | "read" >> Read(prepared.items, recipe.labels, shards, wanted)
    routed = read.examples | "to shards" >> beam.ParDo(
        ToShards(shards, wanted, recipe.splits.fractions())
    ).with_outputs(HELD_OUT, main="examples")
    unique = (
        routed.examples
        | "meet duplicates" >> beam.GroupByKey()
        | "deduplicate" >> beam.ParDo(Deduplicate()).with_outputs(LEDGER, main="examples")
    )
    ledgers = [read[LEDGER], unique[LEDGER]]
    examples = unique.examples
    for stage, side_inputs in _stages(recipe, routed):
        step = examples | stage.name >> beam.ParDo(stage, *side_inputs).with_outputs(
            LEDGER, main="examples"
        )
        examples = step.examples
        ledgers.append(step[LEDGER])
    every_shard = pipeline | "every shard" >> beam.Create(empty_ledgers(wanted))
    (
        (examples, *ledgers, every_shard)
        | "bring together" >> beam.Flatten()
        | "by shard" >> beam.GroupByKey()
        | "write" >> beam.ParDo(WriteShard(recipe.output.path, shards, _schema(recipe, prepared)))
    )
    return pipeline


def _stages(recipe: Recipe, routed: beam.pvalue.DoOutputsTuple) -> list[tuple[Stage, list]]:
    augment, keep = recipe.augment, recipe.filter
    methods = [Method(m.augmenter_spec(), m.share) for m in augment.methods]
    augmenters = [m.augmenter() for m in augment.methods]
    side_inputs = [beam.pvalue.AsList(routed[HELD_OUT]), _statistics(augmenters, routed)]
    stages: list[tuple[Stage, list]] = []
    for name, with_model in (("augment", False), ("augment_model", True)):
        chosen = [i for i, a in enumerate(augmenters) if a.uses_model == with_model]
        if chosen and augment.copies:
            stage = Augment(
                name, methods, chosen, augment.copies, augment.fields, augment.splits, recipe.seed
            )
            stages.append((stage, side_inputs))
    if keep.similarity_model is not None:
        stages.append((Similarity(keep.similarity_model, keep.min_similarity), []))
    teacher = recipe.teacher
    stages.append((Annotate(teacher.model, teacher.max_length, teacher.precision), []))
    stages.append((TeacherFilter(keep.teacher_agrees, keep.min_confidence, keep.weight), []))
    return stages
