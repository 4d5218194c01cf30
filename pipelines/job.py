"""One Beam job of `mashbill generate`: the pipeline from corpus files to annotated shards."""

from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from mashbill.models.loading import tokenizer_hash
from mashbill.pipelines.cut import cut_for
from mashbill.pipelines.discriminator import Judge, settle_discriminator
from mashbill.pipelines.fingerprint import fingerprint, weights_of
from mashbill.pipelines.inside import refuse_mixing
from mashbill.pipelines.interrupt import ends_at_once
from mashbill.pipelines.job_input import CutCorpus, JobInput, WholeCorpus
from mashbill.pipelines.lock import writes_into
from mashbill.pipelines.messages import tell
from mashbill.pipelines.output import (
    cut_files,
    finished_shards,
    open_output,
    remove_temporary_files,
)
from mashbill.pipelines.prepare import Prepared, large_shards, prepare, without_language
from mashbill.pipelines.progress import Progress
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.runner import new_pipeline, pipeline_options, run_pipeline
from mashbill.pipelines.stages import stages
from mashbill.pipelines.versions import versions
from mashbill.transforms import coders
from mashbill.transforms.addresses import all_without_secrets, without_secrets
from mashbill.transforms.cut import Cut
from mashbill.transforms.files import delete_files
from mashbill.transforms.layout import features, parquet_schema, written_columns
from mashbill.transforms.ledger import counts_batch
from mashbill.transforms.shuffle import Deduplicate, ToShards
from mashbill.transforms.stage import LEDGER
from mashbill.transforms.write import WriteShard


def make_shards(
    recipe: Recipe,
    *,
    partition: int,
    partitions: int,
    workers: int,
    beam_args: Sequence[str],
    overwrite: bool,
    alone: bool,
    in_turn: bool = False,
    chosen: str = "",
) -> frozenset[int]:
    """Makes the partition's shards that are not finished yet, as one Beam job.

    Args:
        partition: which one of the `partitions`, from 1.
        alone: nothing else writes to the output folder, so what lies about there may go.
        in_turn: the partitions follow one another, so that one may cut the corpora for all.
        chosen: says how many workers there are and why, if the user did not.
        recipe, workers, beam_args, overwrite: see `generate`.

    Returns:
        The shards of the whole run that are still to be made.

    Raises:
        MashbillError: see `generate`.
    """
    options = pipeline_options(beam_args, workers)
    FileSystems.set_options(options)
    out, shards = recipe.output.path, recipe.output.shards

    def said() -> str:
        return status(out, shards)

    with ends_at_once(lambda: f"stopped: {said()}"):
        prepared = prepare(recipe)
        for warning in filter(None, (without_language(recipe), large_shards(recipe))):
            tell(warning)
        refuse_mixing(recipe, prepared.items)
        with writes_into(out, prepared.fingerprint, alone=overwrite) as nobody_else:
            folders = made_folders(recipe)
            said_of_run = about(recipe, prepared)
            open_output(out, prepared.settings, said_of_run, overwrite, folders)
            if alone and nobody_else:
                remove_temporary_files(out)
            part = set(range(partition - 1, shards, partitions))
            unfinished = unfinished_shards(out, shards)
            if wanted := unfinished & part:
                if chosen:
                    tell(chosen)
                cut = Cut(out, prepared.fingerprint, shards, partitions)
                if in_turn:
                    left = {shard % partitions for shard in unfinished}
                    cut_for(recipe, prepared, cut, left, options, said)
                judge = settle_discriminator(recipe, prepared.items)
                given = cut if cut.is_whole() else None
                pipeline = build_pipeline(recipe, prepared, wanted, options, judge, given)
                title = f"partition {partition} of {partitions}" if partitions > 1 else "generate"
                order = [one.name for one in prepared.contracts]
                with Progress(title, {"shards": len(wanted)}, order):
                    run_pipeline(pipeline, said)
                unfinished = unfinished_shards(out, shards)
            if nobody_else and not unfinished:
                delete_files(cut_files(out))
    return unfinished


def made_folders(recipe: Recipe) -> list[str]:
    """The model folders that the recipe makes, which may lie in its output folder."""
    makers = (recipe.mlm, recipe.distill, recipe.assistant)
    return [*recipe.teacher.members, *(maker.model for maker in makers if maker is not None)]


def unfinished_shards(out: str, shards: int) -> frozenset[int]:
    return frozenset(range(shards)) - finished_shards(out, shards)


def status(out: str, shards: int) -> str:
    """What whoever has to do with a broken run wants to know."""
    number = len(finished_shards(out, shards))
    return (
        f"{number} of {shards} shards in {out} are finished; run the same command again "
        "to resume after them"
    )


def build_pipeline(
    recipe: Recipe,
    prepared: Prepared,
    wanted: frozenset[int],
    options: PipelineOptions,
    judge: Judge | None = None,
    cut: Cut | None = None,
) -> beam.Pipeline:
    """The pipeline that makes the shards `wanted`; nothing runs yet.

    Args:
        cut: of the corpora, if they were cut; without it they are read.
    """
    coders.register()
    shards = recipe.output.shards
    pipeline = new_pipeline(options)
    if cut is None:
        given: JobInput = WholeCorpus(pipeline, recipe, prepared, wanted)
    else:
        given = CutCorpus(pipeline, cut, wanted)
    to_shards = given.examples | "to shards" >> beam.ParDo(ToShards(shards, wanted))
    keys, near = recipe.task.keys_of, recipe.near_duplicate is not None
    unique = (
        (to_shards, *given.losers)
        | "with losers" >> beam.Flatten()
        | "meet duplicates" >> beam.GroupByKey()
        | "deduplicate" >> _with_ledger(beam.ParDo(Deduplicate(keys, near)))
    )
    examples, ledgers = unique.examples, [given.ledger, unique[LEDGER]]
    hints = recipe.resources.hints()
    for stage in stages(recipe, judge and judge.discriminator):
        step = beam.ParDo(stage, *given.side_inputs(stage))
        if stage.wants_accelerator and hints:
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


def about(recipe: Recipe, prepared: Prepared) -> dict[str, Any]:
    """What the metadata of the files and `run.json` say of the run."""
    teacher = recipe.teacher
    members = [without_secrets(member) for member in teacher.members]
    weights = [prepared.settings["weights"][member] for member in members]
    asked = [f"{one.url} {one.model}" for one in teacher.endpoints()]
    is_there = members and teacher.model not in prepared.to_be_made
    return {
        "fingerprint": prepared.fingerprint,
        **({"adds_to": prepared.settings["adds_to"]} if recipe.output.adds_to else {}),
        "seed": recipe.seed,
        "labels": list(recipe.labels),
        "task": recipe.task.model_dump(mode="json"),
        "teacher": {
            "model": ", ".join([*members, *asked]),
            "weights": fingerprint(teacher.settings())
            if asked
            else weights_of(weights, **teacher.together),
            **({} if len(teacher.members) == 1 else {"kind": teacher.kind, "mean": teacher.mean}),
            "tokenizer": tokenizer_hash(teacher.model) if is_there else None,
            "max_length": teacher.max_length,
            **({"windows": teacher.windows.model_dump()} if teacher.windows else {}),
        },
        "versions": versions(),
        "stages": [one.to_json() for one in prepared.contracts],
        "recipe": all_without_secrets(
            recipe.model_dump(mode="json", by_alias=True, exclude_none=True)
        ),
    }


def dataset_schema(recipe: Recipe, prepared: Prepared) -> pa.Schema:
    """The schema of the files; its metadata says which run made them."""
    metadata = about(recipe, prepared)
    del metadata["recipe"], metadata["stages"]
    columns = written_columns(prepared.contracts, recipe.is_pair_task)
    return parquet_schema(features(recipe.task, columns), metadata)
