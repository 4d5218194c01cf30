"""`mashbill generate`: the Beam pipeline from corpus files to an annotated Parquet data set."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from models.errors import MashbillError
from models.loading import tokenizer_hash
from pipelines.apart import call_apart
from pipelines.discriminator import Judge, settle_discriminator
from pipelines.interrupt import ends_at_once
from pipelines.output import finished_shards, open_output, remove_temporary_files
from pipelines.prepare import Prepared, prepare
from pipelines.progress import Progress
from pipelines.reaper import workers_end_with_the_driver
from pipelines.recipe import Recipe
from pipelines.runner import WORKER_KILLED, new_pipeline, pipeline_options, run_pipeline
from pipelines.versions import versions
from transforms import coders
from transforms.annotate import Annotate, TeacherFilter, VariantsOnly
from transforms.augment import Augment, Method
from transforms.examples import identify
from transforms.layout import features, parquet_schema
from transforms.ledger import counts_batch
from transforms.read import Read
from transforms.shuffle import Deduplicate, ToShards, held_out_hashes
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
) -> bool:
    """Makes the shards that are not finished yet; true if all of them now are.

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
    FileSystems.set_options(pipeline_options(beam_args, workers))
    out, shards = recipe.output.path, recipe.output.shards
    if partitions > shards:
        raise MashbillError(f"--partitions {partitions}: there are only {shards} shards")
    parts = range(1, partitions + 1) if partition is None else [partition]
    with ends_at_once(lambda: f"stopped: {_status(out, shards)}"):
        prepared = prepare(recipe)
        open_output(out, prepared.settings, about(recipe, prepared), overwrite)
        if partition is None:
            remove_temporary_files(out)
        finished = finished_shards(out, shards)
        judge = settle_discriminator(recipe, prepared.items) if len(finished) < shards else None
        jobs = []
        for part in parts:
            if wanted := frozenset(range(part - 1, shards, partitions)) - finished:
                title = f"partition {part} of {partitions}" if partitions > 1 else "generate"
                jobs.append(Job(title, recipe, prepared, wanted, judge, workers, beam_args))
        if len(jobs) == 1:
            run_job(jobs[0])
        else:
            _run_apart(jobs)
    return len(finished_shards(out, shards)) == shards


class Job(NamedTuple):
    """One Beam job: the shards `wanted` of a run."""

    title: str
    recipe: Recipe
    prepared: Prepared
    wanted: frozenset[int]
    judge: Judge | None
    workers: int
    beam_args: Sequence[str]

    def status(self) -> str:
        return _status(self.recipe.output.path, self.recipe.output.shards)


def run_job(job: Job) -> None:
    """Raises:
    MashbillError: the job failed.
    """
    options = pipeline_options(job.beam_args, job.workers)
    FileSystems.set_options(options)
    made = build_pipeline(job.recipe, job.prepared, job.wanted, options, job.judge)
    with Progress(job.title, {"shards": len(job.wanted)}):
        run_pipeline(made, job.status)


def _run_apart(jobs: Sequence[Job]) -> None:
    """Runs each in a process of its own: the memory that a job took would not come back."""
    with workers_end_with_the_driver():
        for job in jobs:
            try:
                call_apart(run_job, job)
            except ChildProcessError:
                raise MashbillError(f"{WORKER_KILLED} ({job.status()})") from None


def _status(out: str, shards: int) -> str:
    """What whoever has to do with a broken run wants to know."""
    number = len(finished_shards(out, shards))
    return (
        f"{number} of {shards} shards in {out} are finished; "
        "the same command again goes on behind them"
    )


def build_pipeline(
    recipe: Recipe,
    prepared: Prepared,
    wanted: frozenset[int],
    options: PipelineOptions,
    judge: Judge | None = None,
) -> beam.Pipeline:
    """The pipeline that makes the shards `wanted`; nothing runs yet."""
    coders.register()
    shards = recipe.output.shards
    pipeline = new_pipeline(options)
    read = pipeline | "read" >> Read(prepared.items, recipe.labels, shards, wanted)
    identified = read.examples | "identify" >> beam.Map(
        identify, recipe.splits.fractions(), recipe.labelled_shares()
    ).with_output_types(pa.RecordBatch)
    unique = (
        identified
        | "to shards" >> beam.ParDo(ToShards(shards, wanted))
        | "meet duplicates" >> beam.GroupByKey()
        | "deduplicate" >> _with_ledger(beam.ParDo(Deduplicate()))
    )
    examples, ledgers = unique.examples, [read[LEDGER], unique[LEDGER]]
    hints = recipe.resources.hints()
    for stage, side_inputs in _stages(recipe, identified, judge):
        step = beam.ParDo(stage, *side_inputs)
        if stage.uses_model and hints:
            step = step.with_resource_hints(**hints)
        step = examples | stage.name >> _with_ledger(step)
        examples = step.examples
        ledgers.append(step[LEDGER])
    empty = [(shard, counts_batch({})) for shard in sorted(wanted)]
    schema = dataset_schema(recipe, prepared)
    _ = (
        (examples, *ledgers, pipeline | "every shard" >> beam.Create(empty))
        | "bring together" >> beam.Flatten()
        | "meet their shard" >> beam.GroupByKey()
        | "write" >> beam.ParDo(WriteShard(recipe.output.path, shards, schema))
    )
    return pipeline


def _with_ledger(step: beam.ParDo) -> beam.PTransform:
    """Names both outputs, and their type, so that batches travel as Arrow and not pickled."""
    keyed = tuple[int, pa.RecordBatch]
    step = step.with_output_types(keyed, **{LEDGER: keyed})
    return step.with_outputs(LEDGER, main="examples")


def _stages(
    recipe: Recipe, identified: beam.PCollection, judge: Judge | None
) -> Iterator[tuple[Stage, list]]:
    """The stages between deduplication and writing, in order, with their side inputs."""
    augment, wanted, teacher = recipe.augment, recipe.filter, recipe.teacher
    held_out = identified | "held-out texts" >> beam.FlatMap(held_out_hashes)
    methods = [Method(m.augmenter_spec(), m.share) for m in augment.methods]
    augmenters = [m.augmenter() for m in augment.methods]
    for name, with_model in (("augment", False), ("augment_model", True)):
        chosen = [i for i, a in enumerate(augmenters) if a.uses_model == with_model]
        if chosen and augment.copies:
            side_inputs = [beam.pvalue.AsList(held_out)]
            if any(augmenters[i].needs_statistics for i in chosen):
                combine = beam.CombineGlobally(CorpusStatistics())
                statistics = identified | f"statistics for {name}" >> combine
                side_inputs.append(beam.pvalue.AsSingleton(statistics))
            yield (
                Augment(
                    name,
                    methods,
                    chosen,
                    augment.copy_numbers,
                    augment.fields,
                    augment.splits,
                    recipe.seed,
                ),
                side_inputs,
            )
    if wanted.similarity_model is not None:
        discriminator = judge and judge.discriminator
        yield (
            Similarity(
                wanted.similarity_model, wanted.min_similarity, discriminator, wanted.max_synthetic
            ),
            [],
        )
    yield Annotate(teacher.model, teacher.max_length, teacher.precision), []
    yield TeacherFilter(wanted.teacher_agrees, wanted.min_confidence, wanted.weight), []
    if recipe.output.adds_to is not None:
        yield VariantsOnly(), []


def about(recipe: Recipe, prepared: Prepared) -> dict[str, Any]:
    """What the metadata of the files and `run.json` say of the run."""
    teacher = recipe.teacher
    return {
        "fingerprint": prepared.fingerprint,
        **({"adds_to": prepared.settings["adds_to"]} if recipe.output.adds_to else {}),
        "seed": recipe.seed,
        "labels": list(recipe.labels),
        "teacher": {
            "model": teacher.model,
            "weights": prepared.settings["weights"][teacher.model],
            "tokenizer": tokenizer_hash(teacher.model),
            "max_length": teacher.max_length,
        },
        "versions": versions(),
        "recipe": recipe.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def dataset_schema(recipe: Recipe, prepared: Prepared) -> pa.Schema:
    """The schema of the files; its metadata says which run made them."""
    metadata = about(recipe, prepared)
    del metadata["recipe"]
    columns = features(
        recipe.labels,
        recipe.is_pair_task,
        similarity=recipe.filter.similarity_model is not None,
        synthetic=recipe.filter.wants_discriminator,
    )
    return parquet_schema(columns, metadata)
