"""Parquet row groups, and data sets that `datasets` loads: both are Arrow underneath."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mashbill.models.tasks.base import Task
from mashbill.transforms.fields import check_columns, column, column_names
from mashbill.transforms.hub import load_hub
from mashbill.transforms.ledger import EXAMPLE_LIMIT
from mashbill.transforms.readers.part import ROWS_PER_PART, BadRow, Part, PartBuilder, decode
from mashbill.transforms.sources import is_text
from mashbill.transforms.streams import open_plain
from mashbill.transforms.work_item import WorkItem

BYTES_AT_ONCE = 16 << 20


def read_parquet(item: WorkItem, task: Task) -> Iterator[Part]:
    with open_plain(item.path) as file:
        parquet = pq.ParquetFile(file)
        names = column_names(parquet.schema_arrow)
        check_columns(item.where, item.spec.fields, names, item.optional)
        wanted = [name for name in item.spec.fields if name in names]
        groups = range(item.start, item.stop)
        first = sum(parquet.metadata.row_group(group).num_rows for group in range(item.start))
        rows = min(_rows_at_once(parquet.metadata.row_group(group)) for group in groups)
        batches = parquet.iter_batches(rows, row_groups=groups, columns=wanted)
        yield from _parts(item, task, (_flat(batch, wanted) for batch in batches), first)


def _rows_at_once(group: pq.RowGroupMetaData) -> int:
    """Rows that hold about 16 MB, but no more than a part does."""
    rows = BYTES_AT_ONCE * group.num_rows // max(1, group.total_byte_size)
    return min(ROWS_PER_PART, max(1, rows))


def read_hub(item: WorkItem, task: Task) -> Iterator[Part]:
    dataset = load_hub(item.path)
    names = column_names(dataset.features.arrow_schema)
    wanted = [name for name in item.spec.fields if name in names]
    outer = {name if name in dataset.features else name.split(".")[0] for name in wanted}
    dataset = dataset.select_columns(sorted(outer))
    tables = dataset.select(range(item.start, item.stop)).with_format("arrow").iter(ROWS_PER_PART)
    batches = (_flat(batch, wanted) for table in tables for batch in table.to_batches())
    yield from _parts(item, task, batches, item.start)


def _flat(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """Only these columns, by their full names, those inside structs too."""
    return pa.RecordBatch.from_arrays([column(batch, name) for name in names], names=names)


def _parts(
    item: WorkItem,
    task: Task,
    batches: Iterable[pa.RecordBatch],
    first: int,
) -> Iterator[Part]:
    """Rows are numbered from `first` + 1 on."""
    builder = PartBuilder(item, task)
    records = (record for batch in batches for record in _records(batch))
    for number, record in enumerate(records, first + 1):
        try:
            builder.add({k: decode(v) if isinstance(v, bytes) else v for k, v in record.items()})
        except BadRow as error:
            builder.reject(str(error), {"row": number}, {k: _shown(v) for k, v in record.items()})
        yield from builder.drain()
    yield from builder.drain(at_end=True)


def _records(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Rows with their strings as bytes: Arrow does not check that a file's strings are UTF-8."""
    step = max(1, BYTES_AT_ONCE * batch.num_rows // max(1, batch.nbytes))
    for start in range(0, batch.num_rows, step):
        yield from _rows_of(batch.slice(start, step))


def _rows_of(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    columns = [
        column.cast(pa.string()).cast(pa.binary()) if is_text(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names).to_pylist()


def _shown(value: Any) -> str:
    return (
        value[:EXAMPLE_LIMIT].decode(errors="replace") if isinstance(value, bytes) else str(value)
    )
