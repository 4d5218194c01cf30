"""Parquet row groups, and data sets that `datasets` loads: both are Arrow underneath."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.ledger import EXAMPLE_LIMIT
from transforms.readers.part import ROWS_PER_PART, BadRow, Part, PartBuilder, decode
from transforms.sources import WorkItem, is_text, load_hub
from transforms.streams import open_plain


def read_parquet(item: WorkItem, labels: Sequence[str]) -> Iterator[Part]:
    with open_plain(item.path) as file:
        parquet = pq.ParquetFile(file)
        groups = range(item.start, item.stop)
        first = sum(parquet.metadata.row_group(group).num_rows for group in range(item.start))
        batches = parquet.iter_batches(ROWS_PER_PART, row_groups=groups, columns=item.spec.columns)
        yield from _parts(item, labels, batches, first)


def read_hub(item: WorkItem, labels: Sequence[str]) -> Iterator[Part]:
    """Labels of a ClassLabel column go by name; -1 is the Hub's way to say unlabelled."""
    dataset = load_hub(item.path).select_columns(item.spec.columns)
    names = getattr(dataset.features.get(item.spec.label), "names", None)

    def name_of(label: Any) -> Any:
        return None if label is None or label < 0 else names[label]

    tables = dataset.select(range(item.start, item.stop)).with_format("arrow").iter(ROWS_PER_PART)
    batches = (batch for table in tables for batch in table.to_batches())
    yield from _parts(item, labels, batches, item.start, name_of if names else lambda label: label)


def _parts(
    item: WorkItem,
    labels: Sequence[str],
    batches: Iterable[pa.RecordBatch],
    first: int,
    label_of: Callable[[Any], Any] = lambda label: label,
) -> Iterator[Part]:
    """Rows are numbered from `first` + 1 on."""
    builder = PartBuilder(item.spec, item.path, labels)
    records = (record for batch in batches for record in _records(batch))
    for number, record in enumerate(records, first + 1):
        try:
            row = {k: decode(v) if isinstance(v, bytes) else v for k, v in record.items()}
            if item.spec.label is not None:
                row[item.spec.label] = label_of(row[item.spec.label])
            builder.add(row)
        except BadRow as error:
            builder.reject(str(error), {"row": number}, {k: _shown(v) for k, v in record.items()})
        yield from builder.drain()
    yield from builder.drain(at_end=True)


def _records(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows with their strings as bytes: Arrow does not check that a file's strings are UTF-8."""
    columns = [
        column.cast(pa.string()).cast(pa.binary()) if is_text(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names).to_pylist()


def _shown(value: Any) -> str:
    return (
        value[:EXAMPLE_LIMIT].decode(errors="replace") if isinstance(value, bytes) else str(value)
    )
