"""Parquet row groups, and data sets that `datasets` loads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow.parquet as pq

from transforms.readers.part import BYTES_PER_PART, ROWS_PER_PART, BadRow, Part, PartBuilder
from transforms.sources import WorkItem, load_hub
from transforms.streams import open_plain


def read_parquet(item: WorkItem, labels: Sequence[str]) -> Iterator[Part]:
    with open_plain(item.path) as file:
        parquet = pq.ParquetFile(file)
        groups = range(item.start, item.stop)
        first = sum(parquet.metadata.row_group(group).num_rows for group in range(item.start))
        batches = parquet.iter_batches(ROWS_PER_PART, row_groups=groups, columns=item.spec.columns)
        records = (record for batch in batches for record in batch.to_pylist())
        yield from _rows(item, labels, records, first)


def read_hub(item: WorkItem, labels: Sequence[str]) -> Iterator[Part]:
    """Labels of a ClassLabel column go by name; -1 is the Hub's way to say unlabelled."""
    dataset = load_hub(item.path).select(range(item.start, item.stop))
    dataset = dataset.select_columns(item.spec.columns)
    names = getattr(dataset.features.get(item.spec.label), "names", None)

    def named(record: dict[str, Any]) -> dict[str, Any]:
        label = record.get(item.spec.label)
        if names is None or label is None:
            return record
        return {**record, item.spec.label: None if label < 0 else names[label]}

    yield from _rows(item, labels, map(named, dataset), item.start)


def _rows(
    item: WorkItem, labels: Sequence[str], records: Iterable[Mapping[str, Any]], first: int
) -> Iterator[Part]:
    builder = PartBuilder(item.spec, item.path, labels)
    for number, record in enumerate(records, first + 1):
        try:
            builder.add(record)
        except BadRow as error:
            shown = {key: str(value)[:BYTES_PER_PART] for key, value in record.items()}
            builder.reject(str(error), {"row": number}, shown)
        yield from builder.drain()
    yield from builder.drain(at_end=True)
