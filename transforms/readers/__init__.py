"""Readers: a piece of a corpus to batches of raw rows, a file for each format."""

import csv
from collections.abc import Iterator

import ijson
import pyarrow as pa
from apache_beam.io.filesystem import BeamIOError

from mashbill.models.errors import MashbillError, first_line
from mashbill.models.plugins import packages_blamed
from mashbill.models.tasks.base import Task
from mashbill.transforms.corpus_files import stamp_of
from mashbill.transforms.readers.columnar import read_hub, read_parquet
from mashbill.transforms.readers.conll import read_conll
from mashbill.transforms.readers.delimited import read_delimited
from mashbill.transforms.readers.json_values import read_json
from mashbill.transforms.readers.lines import read_lines
from mashbill.transforms.readers.part import Part
from mashbill.transforms.text_files import ARRAY, OBJECTS
from mashbill.transforms.work_item import WorkItem

READERS = {
    "text": read_lines,
    "jsonl": read_lines,
    "csv": read_delimited,
    "tsv": read_delimited,
    "parquet": read_parquet,
    "conll": read_conll,
    "hub": read_hub,
    ARRAY: read_json,
    OBJECTS: read_json,
}


UNREADABLE = (
    OSError,
    BeamIOError,
    pa.ArrowException,
    UnicodeDecodeError,
    csv.Error,
    ijson.JSONError,
)


def read(item: WorkItem, task: Task) -> Iterator[Part]:
    """Reads one piece in bounded memory; rows that cannot be used come as rejects.

    Args:
        item: what to read.
        task: whose labels the rows have.

    Raises:
        MashbillError: the file as a whole cannot be read on, such as a truncated archive, or it is
            not the one any more that was planned and fingerprinted.
    """
    try:
        with packages_blamed():
            yield from READERS[item.format](item, task)
        changed = item.stamp is not None and stamp_of(item.path) != item.stamp
    except UNREADABLE as error:
        raise MashbillError(
            f"{item.path}: cannot be read to the end: {first_line(error)}"
        ) from error
    if changed:
        raise MashbillError(
            f"{item.path}: changed while it was read; run again when it is complete"
        )
