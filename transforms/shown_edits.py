"""The edits of variants that a report may show, from the augmenter to a file beside the shard.

A report shows the first sources after a random point that the run's seed decides. Which these are
is known when all shards are there; until then each keeps the first of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, islice
from typing import NamedTuple

import orjson
import pyarrow as pa

from mashbill.transforms.augmenters.edits import Edit
from mashbill.transforms.examples import seed_of

EDITS = pa.schema([("turn", pa.string()), ("id", pa.string()), ("edits", pa.string())])
SOURCES_SHOWN = 150


class MadeBy(NamedTuple):
    """The edits that made a variant. Attributes: `edits`: by field, where they are known."""

    source_id: str
    id: str
    edits: Mapping[str, Sequence[Edit]]


def turn_of(source_id: str, seed: int) -> str:
    """What orders the sources of a run: those after the point come before the others."""
    return f"{int(source_id < point_of(seed))}{source_id}"


def point_of(seed: int) -> str:
    return f"{seed_of(seed, '', 'report', 0):016x}"


def first_turns(source_ids: Iterable[str], seed: int) -> dict[str, str]:
    """The first of the sources, each with its turn."""
    turns = sorted((turn_of(source_id, seed), source_id) for source_id in set(source_ids))
    return {source_id: its_turn for its_turn, source_id in turns[:SOURCES_SHOWN]}


def edits_batch(variants: Iterable[MadeBy], turns: Mapping[str, str]) -> pa.RecordBatch:
    """Of variants of some sources, with the turn of each."""
    rows = [(turns[one.source_id], one.id, _json(one.edits)) for one in variants]
    columns = [pa.array([row[column] for row in rows], pa.string()) for column in range(3)]
    return pa.RecordBatch.from_arrays(columns, schema=EDITS)


def _json(edits: Mapping[str, Sequence[Edit]]) -> str:
    return orjson.dumps({field: list(map(tuple, some)) for field, some in edits.items()}).decode()


def edits_lines(batches: Iterable[pa.RecordBatch]) -> list[bytes]:
    """JSON lines `{id, edits}` of the first sources, in the order of their turns."""
    rows = sorted(
        (row["turn"], row["id"], row["edits"]) for batch in batches for row in batch.to_pylist()
    )
    shown = islice(groupby(rows, key=lambda row: row[0]), SOURCES_SHOWN)
    return [
        orjson.dumps({"id": variant, "edits": orjson.loads(edits)})
        for _, variants in shown
        for _, variant, edits in variants
    ]


def read_edits(lines: Iterable[bytes]) -> dict[str, dict[str, list[Edit]]]:
    """By id and field, what `edits_lines` wrote."""
    return {
        line["id"]: {field: list(map(Edit._make, edits)) for field, edits in line["edits"].items()}
        for line in map(orjson.loads, lines)
    }
