"""Where everything lies in an output folder, and what its Parquet files hold."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from datasets import ClassLabel, Features, List, Value

STATE = ".mashbill"  # hidden: `datasets` passes over it
LOCKS = ".mashbill-writers"  # outlives the run that it guards


def split_path(out: str, split: str, shard: int, shards: int) -> str:
    return FileSystems.join(out, "data", f"{split}-{_numbered(shard, shards)}.parquet")


def rejects_path(out: str, shard: int, shards: int) -> str:
    return FileSystems.join(out, "rejects", f"rejects-{_numbered(shard, shards)}.jsonl")


def marker_path(out: str, shard: int, shards: int) -> str:
    return FileSystems.join(out, STATE, f"shard-{_numbered(shard, shards)}.json")


def state_path(out: str) -> str:
    return FileSystems.join(out, STATE, "run.json")


def claim_path(out: str, page: str) -> str:
    """What says that `page`, a file at the top of the folder, is ours."""
    return FileSystems.join(out, STATE, f"page-{page}.json")


def discriminator_path(out: str) -> str:
    return FileSystems.join(out, STATE, "discriminator.json")


def _numbered(shard: int, shards: int) -> str:
    return f"{shard:05d}-of-{shards:05d}"


def features(
    labels: Sequence[str], pairs: bool, similarity: bool, synthetic: bool = False
) -> Features:
    """The columns of the data set as `datasets` names them; the flags ask for columns."""
    label = ClassLabel(names=list(labels))
    columns = {
        "id": Value("string"),
        "source_id": Value("string"),
        "text": Value("string"),
        **({"text_pair": Value("string")} if pairs else {}),
        "label": label,
        "augmenter": Value("string"),
        "copy": Value("int16"),
        "corpus": Value("string"),
        **({"similarity": Value("float32")} if similarity else {}),
        **({"synthetic": Value("float32")} if synthetic else {}),
        "teacher_logits": List(Value("float32"), length=len(labels)),
        "teacher_label": label,
        "teacher_confidence": Value("float32"),
        "weight": Value("float32"),
    }
    return Features(columns)


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
