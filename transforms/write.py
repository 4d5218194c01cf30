"""A shard's files: Parquet for each split, rejects, and last the marker that says it is whole."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mashbill.transforms import progress
from mashbill.transforms.beam_fn import Fn
from mashbill.transforms.examples import SPLITS
from mashbill.transforms.files import write_whole
from mashbill.transforms.layout import edits_path, marker_path, rejects_path, split_path
from mashbill.transforms.ledger import COUNTS, REJECTS, reject_lines, sum_counts
from mashbill.transforms.shown_edits import EDITS, edits_lines

ROW_GROUP_ROWS = 32_768


class WriteShard(Fn):
    """`(shard, examples, counts and rejects in any order)` to files; yields the marker's content.

    Args:
        out: the output folder.
        shards: how many shards the data set has.
        schema: of the Parquet files, metadata included.
    """

    def __init__(self, out: str, shards: int, schema: pa.Schema):
        self.out, self.shards, self.schema = out, shards, schema

    def process(self, element: tuple[int, Iterable[pa.RecordBatch]]) -> Iterator[dict]:
        shard, batches = element
        examples, counts, rejects, edits = [], [], [], []
        kinds = {COUNTS: counts, REJECTS: rejects, EDITS: edits}
        for batch in batches:
            kinds.get(batch.schema, examples).append(batch)
        files, written = {}, Counter()
        for split, part in arrange(examples, self.schema).items():
            path = split_path(self.out, split, shard, self.shards)
            write_whole(path, lambda file, part=part: write_parquet(part, file))
            files[split] = part.num_rows
            written.update(_by_augmenter(part))
        lines = reject_lines(rejects)
        if lines:
            path = rejects_path(self.out, shard, self.shards)
            write_whole(path, lambda file: file.write(b"\n".join(lines) + b"\n"))
        if shown := edits_lines(edits):
            path = edits_path(self.out, shard, self.shards)
            write_whole(path, lambda file: file.write(b"\n".join(shown) + b"\n"))
        marker = {
            "shard": shard,
            "rows": files,
            "rejects": len(lines),
            "counts": dict(sorted((sum_counts(counts) + written).items())),
        }
        content = orjson.dumps(marker, option=orjson.OPT_INDENT_2)
        write_whole(marker_path(self.out, shard, self.shards), lambda file: file.write(content))
        progress.report("shards", 1)
        yield marker


def arrange(examples: list[pa.RecordBatch], schema: pa.Schema) -> dict[str, pa.Table]:
    """The rows of each split in the order of the file: by source, the source before its copies."""
    if not examples:
        return {}
    order = [("source_id", "ascending"), ("copy", "ascending")]
    table = pa.Table.from_batches(examples).sort_by(order)
    parts = {split: table.filter(pc.field("split") == split) for split in SPLITS}
    return {
        split: pa.table([part.column(f.name).cast(f.type) for f in schema], schema=schema)
        for split, part in parts.items()
        if part.num_rows
    }


def _by_augmenter(part: pa.Table) -> dict[str, int]:
    counted = pc.value_counts(part["augmenter"].combine_chunks()).to_pylist()
    return {f"write/by_augmenter/{one['values']}/rows": one["counts"] for one in counted}


def write_parquet(table: pa.Table, file: BinaryIO) -> None:
    pq.write_table(
        table, file, compression="zstd", row_group_size=ROW_GROUP_ROWS, write_statistics=True
    )
