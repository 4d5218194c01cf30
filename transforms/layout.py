"""Where everything lies in an output folder, and what its Parquet files hold."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from datasets import Features, Value

from mashbill.models.run_folder import MARKER, RUN, STATE
from mashbill.models.tasks.base import Task
from mashbill.transforms.contract import Column, Contract, columns_of

LOCKS = ".mashbill-writers"  # outlives the run that it guards
FIRST = ("id", "source_id", "text", "text_pair", "label", "augmenter", "copy", "corpus")


def split_path(out: str, split: str, shard: int, shards: int) -> str:
    return FileSystems.join(out, "data", f"{split}-{_numbered(shard, shards)}.parquet")


def rejects_path(out: str, shard: int, shards: int) -> str:
    return FileSystems.join(out, "rejects", f"rejects-{_numbered(shard, shards)}.jsonl")


def marker_path(out: str, shard: int, shards: int) -> str:
    return FileSystems.join(out, STATE, MARKER.format(_numbered(shard, shards)))


def edits_path(out: str, shard: int, shards: int) -> str:
    """Edits of the variants that a report may show."""
    return FileSystems.join(out, STATE, f"edits-{_numbered(shard, shards)}.jsonl")


def state_path(out: str) -> str:
    return FileSystems.join(out, STATE, RUN)


def claim_path(out: str, page: str) -> str:
    """What says that `page`, a file at the top of the folder, is ours."""
    return FileSystems.join(out, STATE, f"page-{page}.json")


def discriminator_path(out: str) -> str:
    return FileSystems.join(out, STATE, "discriminator.json")


def cut_prefix(out: str) -> str:
    """What the paths of a cut corpus begin with."""
    return FileSystems.join(out, STATE, "cut-")


def _numbered(shard: int, shards: int) -> str:
    return f"{shard:05d}-of-{shards:05d}"


def written_columns(contracts: Iterable[Contract], pairs: bool) -> dict[str, Column]:
    """The columns of the files: what the stages add, in order, behind what names a row."""
    added = columns_of(contracts)
    hidden = {"split"} if pairs else {"split", "text_pair"}
    return {name: added[name] for name in (*FIRST, *added) if name in added.keys() - hidden}


def features(task: Task, columns: Mapping[str, Column]) -> Features:
    """The columns of the data set as `datasets` names them."""
    kinds = {
        "label": task.feature(),
        "answer": task.answer_feature(),
        "scores": task.scores_feature(),
        **task.added_features(),
    }
    return Features(
        {name: kinds.get(column.kind) or Value(column.kind) for name, column in columns.items()}
    )


def fingerprint_of(schema: pa.Schema) -> str | None:
    """Of the run that wrote a file with this schema; None for a file that is not ours."""
    ours = json.loads((schema.metadata or {}).get(b"mashbill", b"{}"))
    return ours.get("fingerprint")


def parquet_schema(columns: Features, metadata: Mapping[str, Any]) -> pa.Schema:
    """The Arrow schema of the files; columns that repeat themselves are dictionaries on disk."""
    schema = columns.arrow_schema
    for name in ("augmenter", "corpus"):
        place = schema.get_field_index(name)
        schema = schema.set(place, pa.field(name, pa.dictionary(pa.int32(), pa.string())))
    ours = json.dumps(metadata, sort_keys=True).encode()
    return schema.with_metadata({**schema.metadata, b"mashbill": ours})
