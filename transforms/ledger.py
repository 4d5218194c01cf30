"""What was read, dropped, rejected and written: counts and rejects as Arrow batches.

They travel with the examples instead of as Beam metrics, so a bundle that an engine runs twice is
counted once. A count's name is a path, `stage/what`, `stage/by_corpus/NAME/what`
or `stage/by_augmenter/NAME/what`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

COUNTS = pa.schema([("count", pa.string()), ("value", pa.float64())])
REJECTS = pa.schema(
    [
        ("stage", pa.string()),
        ("reason", pa.string()),
        ("source", pa.string()),
        ("example", pa.string()),
    ]
)
EXAMPLE_LIMIT = 500


class Reject(NamedTuple):
    """An example that a stage could not process.

    Attributes:
        stage: where it ended.
        reason: one line for a person.
        source: where it came from, such as `{"corpus": …, "file": …, "line": …}`.
        example: what is known of it; long texts are cut to 500 characters.
    """

    stage: str
    reason: str
    source: Mapping[str, Any]
    example: Mapping[str, Any]


def row_reject(stage: str, reason: str, batch: pa.RecordBatch, row: int, **where: Any) -> Reject:
    """The reject that a row of `EXAMPLES` becomes; `where` adds to what is told of its source."""
    (example,) = batch.slice(row, 1).to_pylist()
    source = {"corpus": example["corpus"], "id": example["id"], **where}
    return Reject(stage, reason, source, example)


def counts_batch(counts: Mapping[str, float]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array(counts.keys(), pa.string()), pa.array(counts.values(), pa.float64())],
        schema=COUNTS,
    )


def sum_counts(batches: Iterable[pa.RecordBatch]) -> Counter:
    total: Counter = Counter()
    for batch in batches:
        for name, value in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            total[name] += value
    return total


def rejects_batch(rejects: Iterable[Reject]) -> pa.RecordBatch:
    rows = [(r.stage, r.reason, _json(r.source), _json(_cut(r.example))) for r in rejects]
    return pa.RecordBatch.from_arrays(
        [pa.array([row[i] for row in rows], pa.string()) for i in range(4)], schema=REJECTS
    )


def reject_lines(batches: Iterable[pa.RecordBatch]) -> list[bytes]:
    """JSON lines `{stage, reason, source, example}`, sorted, without line ends."""
    return sorted(
        orjson.dumps(
            {**row, "source": orjson.loads(row["source"]), "example": orjson.loads(row["example"])}
        )
        for batch in batches
        for row in batch.to_pylist()
    )


def _cut(example: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v[:EXAMPLE_LIMIT] if isinstance(v, str) else v for k, v in example.items()}


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`{"a/b": 1}` to `{"a": {"b": 1}}`."""
    tree: dict[str, Any] = {}
    for path, value in sorted(flat.items()):
        *parents, last = path.split("/")
        here = tree
        for parent in parents:
            here = here.setdefault(parent, {})
        here[last] = value
    return tree
