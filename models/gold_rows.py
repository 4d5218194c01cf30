"""The rows that every figure of a model is of, and the one way in which they are computed."""

import pyarrow as pa
import pyarrow.compute as pc

from mashbill.models.distill.rows import ORIGINAL


def gold_rows(table: pa.Table) -> pa.Table:
    """The labelled source examples, ordered by id.

    In bfloat16 a text's neighbours in a batch can tip its answer, so figures of one model are equal
    only where the same rows come in the same order.

    Args:
        table: columns id, label and augmenter.
    """
    return _sorted(table, _is_gold(table))


def other_rows(table: pa.Table) -> pa.Table:
    """All that are not among `gold_rows`, ordered by id."""
    return _sorted(table, pc.invert(_is_gold(table)))


def _is_gold(table: pa.Table) -> pa.ChunkedArray:
    is_source = pc.equal(table["augmenter"].cast(pa.string()), ORIGINAL)
    return pc.and_(is_source, pc.is_valid(table["label"]))


def _sorted(table: pa.Table, mask: pa.ChunkedArray) -> pa.Table:
    return table.filter(mask).sort_by("id")
