"""One look at the start of a text file: its encoding, its dialect, the kind of its JSON."""

import csv
import io
import re
from collections.abc import Collection
from typing import BinaryIO, NamedTuple

from apache_beam.io.filesystem import BeamIOError

from mashbill.models.errors import MashbillError, first_line
from mashbill.transforms.blank import is_blank
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.dialect import DELIMITERS, Dialect, dialect_of, what_it_looks_like
from mashbill.transforms.encodings import PLAIN, SAMPLE_BYTES, Coding, coding_of, open_utf8
from mashbill.transforms.fields import MissingColumn, check_columns
from mashbill.transforms.streams import open_stream

ARRAY, OBJECTS = "array", "objects"  # formats that JSON turns out to have
_ARRAY = re.compile(r"\s*\[\s*[{\]]")
_OBJECTS = re.compile(r"\s*\{\s*\n\s*\"")


class Look(NamedTuple):
    """What was found.

    Attributes:
        format: text, jsonl, array, objects, csv, tsv or conll.
        names: of the columns of a CSV or TSV file; empty for others.
        has_rows: whether anything but white space stands in it, beside a header.
    """

    format: str
    coding: Coding = PLAIN
    dialect: Dialect | None = None
    names: tuple[str, ...] = ()
    has_rows: bool = True


def look_at(
    spec: CorpusSpec, path: str, compression: str | None, kind: str, optional: Collection[str]
) -> Look:
    """Reads as much as it takes to know how the rest is to be read.

    Args:
        kind: text, jsonl, csv, tsv or conll.
        optional: fields that the file may lack.

    Raises:
        MashbillError: it cannot be read, is in another encoding, or lacks a column.
    """
    where = f"corpus {spec.name}: {path}"
    try:
        with open_stream(path, compression) as file:
            coding = coding_of(file.read(SAMPLE_BYTES), spec.encoding)
        with open_utf8(path, compression, coding) as file:
            text = _decoded(file)
            if kind in DELIMITERS:
                look = _look_at_table(spec, where, kind, text, optional)
            elif kind == "jsonl":
                is_empty = is_blank(text) or text.split() in (["[]"], ["[", "]"])
                look = Look(_json_kind(text), has_rows=not is_empty)
            else:
                look = Look(kind, has_rows=not is_blank(text))
            if not look.has_rows:
                look = look._replace(has_rows=_has_more(file))
            return look._replace(coding=coding)
    except MashbillError as error:
        raise error if where in str(error) else MashbillError(f"{where}: {error}") from None
    except (OSError, BeamIOError) as error:
        what = "no header" if kind in DELIMITERS else "cannot be read to the end"
        raise MashbillError(f"{where}: {what}: {first_line(error)}") from None


def _decoded(file: BinaryIO) -> str:
    return file.read(SAMPLE_BYTES).decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def _has_more(file: BinaryIO) -> bool:
    while text := _decoded(file):
        if not is_blank(text):
            return True
    return False


def _json_kind(text: str) -> str:
    if _ARRAY.match(text):
        return ARRAY
    return OBJECTS if _OBJECTS.match(text) else "jsonl"


def _look_at_table(
    spec: CorpusSpec, where: str, kind: str, text: str, optional: Collection[str]
) -> Look:
    rows = list(io.StringIO(text, newline="\n"))
    dialect = dialect_of(spec, kind, rows[0] if rows else "")
    records = dialect.reader(iter(rows[dialect.skipped :]))
    try:
        first = next(records, [])
        "".join(first).encode()
    except (csv.Error, UnicodeEncodeError) as error:
        raise MashbillError(f"{where}: no header: {first_line(error)}") from None
    has_rows = not is_blank("".join(rows[dialect.skipped + (dialect.columns is None) :]))
    if dialect.columns is not None:
        _check_names(where, dialect.columns, first)
        return Look(kind, dialect=dialect, names=dialect.columns, has_rows=has_rows)
    try:
        check_columns(where, spec.fields, first, optional)
    except MissingColumn as error:
        hint = what_it_looks_like(spec.fields, "".join(rows[dialect.skipped :]), dialect)
        raise MissingColumn(f"{error}{hint}", error.column) from None
    return Look(kind, dialect=dialect, names=tuple(first), has_rows=has_rows)


def _check_names(where: str, columns: tuple[str, ...], first: list[str]) -> None:
    """Whether a first record of data fits the columns that the recipe names."""
    if tuple(first) == columns:
        raise MashbillError(
            f"{where}: its first line is a header: remove the keys header and columns"
        )
    if first and len(first) != len(columns):
        raise MashbillError(
            f"{where}: its first line has {len(first)} fields, `columns` names {len(columns)}"
        )
