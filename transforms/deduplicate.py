"""The same text twice is one example; two gold labels for one text are none."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mashbill.transforms.contract import Column, Contract
from mashbill.transforms.examples import EXAMPLES, SPLITS
from mashbill.transforms.ledger import Reject
from mashbill.transforms.stage import by_corpus

DEDUPLICATE = Contract(
    "deduplicate",
    needs=("text", "text_pair", "label", "corpus", "split"),
    adds=(
        Column("id", "string", "id of the row"),
        Column(
            "source_id", "string", "id of the source example that the row is, or is a variant of"
        ),
        Column("augmenter", "string", "augmenter that made the variant; none for a source example"),
        Column(
            "copy",
            "int16",
            "number of the variant among those of its source, from 1; 0 for a source example",
        ),
    ),
    loses=("dropped/duplicates", "rejected"),
)
Keys = Callable[[pa.Table], pa.Array | pa.ChunkedArray]


LOSERS = pa.schema([("loser", pa.string())])  # ids of sources that are nearly equal to better ones


class Unique(NamedTuple):
    """What is left of a table.

    Attributes:
        unique: the sources, sorted by id.
        duplicates: rows dropped as such.
        conflicts: rejects.
        near: sources dropped as near-duplicates; None where nobody asked for that.
    """

    unique: pa.Table
    duplicates: int
    conflicts: list[Reject]
    near: int | None = None

    def counts(self, table: pa.Table) -> dict[str, float]:
        """What the stage counts of the table that came in, without its name."""
        return {
            "in": table.num_rows,
            "dropped/duplicates": self.duplicates,
            **({} if self.near is None else {"dropped/near_duplicate": self.near}),
            "rejected": len(self.conflicts),
            "out": self.unique.num_rows,
            **by_corpus(table, self.conflicts),
        }


def deduplicate(table: pa.Table, keys: Keys = lambda rows: rows["label"]) -> Unique:
    """Keeps one row for each source id, whatever the order of the rows.

    Kept is a row with a gold label before one without, then the smallest text. Rows whose gold
    label another row of the same id contradicts are all rejects. Where corpora fix different
    splits for one text, test goes before validation before train, so that nothing leaks.

    Args:
        table: columns of `EXAMPLES`.
        keys: of the task, see `Task.keys_of`.
    """
    table = table.select(EXAMPLES.names)
    rank = pc.index_in(table["split"], pa.array(SPLITS))
    ordered = table.append_column("_rank", rank).append_column("_bare", pc.is_null(table["label"]))
    ordered = ordered.append_column("_label", keys(table))
    by = ["source_id", "_bare", "text", "text_pair", "corpus", "_label"]
    order = pc.sort_indices(ordered, [(key, "ascending") for key in by])
    ordered = ordered.take(order)
    contradicted = _contradicted(ordered)
    conflicts = ordered.filter(contradicted).select(EXAMPLES.names)
    rejects = [_reject(row) for row in conflicts.to_pylist()]
    ordered = ordered.filter(pc.invert(contradicted))
    first = _first_of_run(ordered["source_id"])
    unique = ordered.filter(pa.array(first)).select(EXAMPLES.names)
    if ordered.num_rows:
        runs = np.flatnonzero(first)
        strictest = np.maximum.reduceat(ordered["_rank"].to_numpy(), runs)
        splits = pa.array(SPLITS).take(pa.array(strictest))
        unique = unique.set_column(unique.schema.get_field_index("split"), "split", splits)
    return Unique(unique, ordered.num_rows - unique.num_rows, rejects)


def without_losers(examples: Unique, losers: Iterable[str]) -> Unique:
    """Without the train sources among the `losers`."""
    goes = pc.and_(
        pc.is_in(examples.unique["source_id"], pa.array(sorted(losers), pa.string())),
        pc.equal(examples.unique["split"], SPLITS[0]),
    )
    unique = examples.unique.filter(pc.invert(goes))
    return examples._replace(unique=unique, near=examples.unique.num_rows - unique.num_rows)


def _contradicted(ordered: pa.Table) -> pa.Array:
    """True for each labelled row whose source id has more than one gold label."""
    labels = (
        ordered.select(["source_id", "_label"])
        .group_by("source_id")
        .aggregate([("_label", "count_distinct", pc.CountOptions(mode="only_valid"))])
    )
    several = labels.filter(pc.greater(labels["_label_count_distinct"], 1))["source_id"]
    member = pc.is_in(ordered["source_id"], several.combine_chunks())
    return pc.and_(member, pc.is_valid(ordered["label"])).combine_chunks()


def _first_of_run(ids: pa.ChunkedArray) -> np.ndarray:
    first = np.ones(len(ids), dtype=bool)
    if len(ids) > 1:
        first[1:] = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)).to_numpy()
    return first


def _reject(row: dict) -> Reject:
    where = {"corpus": row["corpus"], "id": row["id"]}
    return Reject("deduplicate", "the same text has conflicting gold labels", where, row)
