"""Fields inside of fields: `body.text` is `text` in the object under `body`."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mashbill.models.errors import MashbillError
from mashbill.models.spelling import did_you_mean

MISSING = object()


class MissingColumn(MashbillError):
    """A file has no such column. Attributes: `column`, its name."""

    def __init__(self, message: str, column: str):
        super().__init__(message)
        self.column = column


def value_of(record: Mapping[str, Any], name: str) -> Any:
    """The value of a field; a key that is called so, dot and all, goes first. Or MISSING."""
    if name in record:
        return record[name]
    head, dot, rest = name.partition(".")
    inner = record.get(head) if dot else None
    return value_of(inner, rest) if isinstance(inner, Mapping) else MISSING


def names_of(record: Mapping[str, Any]) -> Iterator[str]:
    """The names by which `value_of` finds something, each before those inside it."""
    for name, value in record.items():
        yield name
        if isinstance(value, Mapping):
            yield from (f"{name}.{inner}" for inner in names_of(value))


def column_names(schema: pa.Schema) -> list[str]:
    """The names of all columns and, where these are structs, of the columns in them."""
    inner = [name for name in column_types(schema) if name not in schema.names]
    return [*schema.names, *inner]


def column_types(schema: pa.Schema) -> dict[str, pa.DataType]:
    inner = {name: kind for field in schema for name, kind in _inside(field).items()}
    return inner | {field.name: field.type for field in schema}


def _inside(field: pa.Field) -> dict[str, pa.DataType]:
    types = {field.name: field.type}
    if pa.types.is_struct(field.type):
        for inner in field.type:
            types |= {f"{field.name}.{name}": kind for name, kind in _inside(inner).items()}
    return types


def column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column, or one inside a column of structs; null where the struct is."""
    if name in batch.schema.names:
        return batch.column(name)
    head, *path = name.split(".")
    return pc.struct_field(batch.column(head), path)


def check_columns(
    where: str, wanted: Sequence[str], columns: Sequence[str], optional: Collection[str] = ()
) -> None:
    """Raises MashbillError for a column that a file does not have, or has twice.

    Args:
        where: corpus and file, for the message.
        optional: columns that it may lack.
    """
    for name in wanted:
        if columns.count(name) > 1:
            raise MashbillError(f"{where}: column {name!r} appears twice")
        if name not in columns and name not in optional:
            raise MissingColumn(
                f"{where}: no column {name!r}{did_you_mean(name, columns)}; "
                f"it has {', '.join(map(repr, columns)) or 'none'}",
                name,
            )
