"""What to read: a corpus's files, checked and cut into pieces of work before anything runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystem import BeamIOError
from pyarrow.dataset import HivePartitioning, get_partition_keys

from mashbill.models.errors import MashbillError, first_line
from mashbill.models.tasks.base import Task
from mashbill.transforms.corpus_files import files_of, stamp_of
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.dialect import DELIMITERS
from mashbill.transforms.fields import (
    MissingColumn,
    check_columns,
    column_names,
    column_types,
    value_of,
)
from mashbill.transforms.hub import load_hub
from mashbill.transforms.label_field import check_label_field, some_files
from mashbill.transforms.streams import COMPRESSIONS, compression_of, open_plain
from mashbill.transforms.text_files import ARRAY, OBJECTS, look_at
from mashbill.transforms.work_item import WorkItem

RANGE_BYTES = 64 << 20
HUB_ROWS_PER_ITEM = 50_000
JSON = ("jsonl", ARRAY, OBJECTS)
FORMATS = {
    ".txt": "text",
    ".text": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".conll": "conll",
    ".iob": "conll",
    ".bio": "conll",
}


def plan(
    spec: CorpusSpec, range_bytes: int = RANGE_BYTES, task: Task | None = None
) -> list[WorkItem]:
    """The pieces of a corpus, in the order of the file names.

    Args:
        task: against which class names in the files' metadata are held; without it, that is left
            to the reader, which rejects the rows.

    Raises:
        MashbillError: a pattern matches nothing, a file cannot be opened, its kind is unknown, it
            lacks a column, no JSON row has the label's field, or it is no Parquet file.
    """
    items: list[WorkItem] = []
    words = task is not None and task.reads_words
    for address in spec.addresses:
        items += _hub_items(spec, address, words)
    unlabelled: dict[str, MissingColumn] = {}
    for path, size in files_of(spec).items():
        stamp = stamp_of(path)
        try:
            pieces = list(_file_items(spec, path, size, range_bytes, words))
        except MissingColumn as error:
            if error.column not in spec.label_fields:
                raise
            unlabelled[path] = error
            continue
        items += [replace(piece, stamp=stamp) for piece in pieces]
    if unlabelled:
        raise _without_label(spec, unlabelled, any(item.has_label for item in items))
    if not any(item.has_rows for item in items):
        raise MashbillError(f"corpus {spec.name}: {', '.join(spec.patterns)}: no rows in any file")
    if task is not None:
        for path, names in {item.path: item.class_names for item in items}.items():
            task.check_class_names(f"corpus {spec.name}: {path}", names)
    if spec.label is not None:
        _check_labels(spec, items)
    return items


def _without_label(
    spec: CorpusSpec, unlabelled: Mapping[str, MissingColumn], others_have_it: bool
) -> MashbillError:
    """One error for all files that lack the column."""
    first, *rest = unlabelled.values()
    allowed = (
        "; `allow_missing_label: true` reads such files as unlabelled" if others_have_it else ""
    )
    if not rest:
        return MashbillError(f"{first}{allowed}")
    return MashbillError(
        f"corpus {spec.name}: {len(unlabelled):,} files have no column {first.column!r}: "
        f"{some_files(unlabelled)}{allowed}. {first}"
    )


def _check_labels(spec: CorpusSpec, items: Sequence[WorkItem]) -> None:
    """Whether the files have labels, as far as no check of columns has said so."""
    json = {item.path: item for item in items if item.format in JSON and item.has_label}
    names = set(spec.label_fields)
    in_rows = {path: item for path, item in json.items() if not names <= item.partition.keys()}
    others = any(item.has_label and item.path not in in_rows for item in items)
    if in_rows:
        check_label_field(list(in_rows.values()), others)
    elif not others:
        columns = " and ".join(map(repr, spec.label_fields))
        raise MashbillError(f"corpus {spec.name}: no file has the column {columns}")


def _file_items(
    spec: CorpusSpec, path: str, size: int, range_bytes: int, words: bool
) -> Iterator[WorkItem]:
    stem, compression = compression_of(path)
    kind = spec.format if spec.format != "auto" else _format_of(spec, stem)
    if not _has_bytes(spec, path):
        return
    _check_keys(spec, path, kind, words)
    item = WorkItem(spec, path, kind, compression, partition=_partition(spec, path))
    if kind == "parquet":
        yield from _row_groups(item, words)
        return
    if kind == "text" and (extra := set(spec.fields) - {spec.text} - item.optional):
        raise MissingColumn(
            f"{item.where}: a text file has only lines, and no column {min(extra)!r}",
            min(extra),
        )
    look = look_at(spec, path, compression, kind, item.optional)
    item = replace(
        item,
        format=look.format,
        coding=look.coding,
        dialect=look.dialect,
        has_rows=look.has_rows,
        has_label=kind in ("jsonl", "conll") or _has_label(item, look.names),
    )
    if look.format in ("text", "jsonl") and compression is None and look.coding.is_plain:
        for start in range(0, size, range_bytes):
            yield replace(item, start=start, stop=min(start + range_bytes, size))
    else:
        yield item


def _has_label(item: WorkItem, names: Sequence[str]) -> bool:
    return {*item.spec.label_fields} <= {*names, *item.partition}


def _check_keys(spec: CorpusSpec, path: str, kind: str, words: bool) -> None:
    """Keys that say nothing of such a file must not be passed over."""
    if kind == "conll" and not words:
        raise MashbillError(
            f"corpus {spec.name}: {path}: a CoNLL file has tags of words: task: {{kind: spans}}"
        )
    of_tables = {
        "delimiter": spec.delimiter is not None,
        "quoting": spec.quoting != "minimal",
        "header": not spec.header and kind != "conll",
    }
    for key, is_set in of_tables.items():
        if is_set and kind not in DELIMITERS:
            raise MashbillError(f"corpus {spec.name}: {path}: {key} is for CSV and TSV")
    if spec.encoding is not None and kind in ("parquet", "hub"):
        raise MashbillError(f"corpus {spec.name}: {path}: encoding is for text, JSON, CSV and TSV")


def _partition(spec: CorpusSpec, path: str) -> dict[str, str | None]:
    """The fields whose value stands in the names of the folders, as in `label=positive/a.txt`."""
    schema = pa.schema([(name, pa.string()) for name in dict.fromkeys(spec.fields)])
    expression = HivePartitioning(schema).parse(path.rpartition("/")[0] + "/")
    return get_partition_keys(expression)


def _format_of(spec: CorpusSpec, stem: str) -> str:
    for extension, kind in FORMATS.items():
        if stem.lower().endswith(extension):
            return kind
    raise MashbillError(
        f"corpus {spec.name}: {stem}: what format is this? Known extensions: "
        f"{', '.join(FORMATS)} (with {', '.join(COMPRESSIONS)}); or set `format`"
    )


def _has_bytes(spec: CorpusSpec, path: str) -> bool:
    try:
        with open_plain(path) as file:
            return bool(file.read(1))
    except (OSError, BeamIOError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise MashbillError(f"corpus {spec.name}: {path}: cannot be read: {reason}") from None


def _row_groups(item: WorkItem, words: bool) -> Iterator[WorkItem]:
    spec, path = item.spec, item.path
    try:
        with open_plain(path) as file:
            parquet = pq.ParquetFile(file)
            schema = parquet.schema_arrow
            rows = [parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise MashbillError(f"{item.where}: not a Parquet file: {first_line(error)}") from None
    names = column_names(schema)
    check_columns(item.where, spec.fields, names, item.optional)
    _check_types(spec, path, schema, words)
    item = replace(
        item,
        compression=None,
        class_names=_class_names(spec, path, schema),
        has_label=_has_label(item, names),
    )
    for group, count in enumerate(rows):
        yield replace(item, start=group, stop=group + 1, has_rows=count > 0)


def _class_names(spec: CorpusSpec, path: str, schema: pa.Schema) -> tuple[str, ...]:
    """What `datasets` wrote of the label column into the file's metadata."""
    if spec.label is None or b"huggingface" not in (schema.metadata or {}):
        return ()
    from datasets import Features

    try:
        features = Features.from_arrow_schema(schema)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        reason = first_line(error)
        raise MashbillError(
            f"corpus {spec.name}: {path}: its metadata cannot be read: {reason}"
        ) from None
    return _names_of(features, spec.label)


def _names_of(features, label: str | Sequence[str] | None) -> tuple[str, ...]:
    feature = value_of(features, label) if isinstance(label, str) else None
    feature = getattr(feature, "feature", feature)  # of a list
    feature = feature.get("label") if isinstance(feature, dict) else feature  # of a list of spans
    return tuple(getattr(feature, "names", None) or ())


def _check_types(spec: CorpusSpec, path: str, schema: pa.Schema, words: bool) -> None:
    kinds = column_types(schema)
    if words and spec.text in kinds and is_list(kinds[spec.text]):
        kinds[spec.text] = kinds[spec.text].value_type
    for name in filter(kinds.get, (spec.text, spec.text_pair)):
        kind = kinds[name]
        if not is_text(kind):
            raise MashbillError(f"corpus {spec.name}: {path}: column {name!r} is {kind}, not text")


def is_list(kind: pa.DataType) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)


def is_text(kind: pa.DataType) -> bool:
    """Whether Arrow keeps strings under this type, plain or as a dictionary."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def _hub_items(spec: CorpusSpec, address: str, words: bool) -> Iterator[WorkItem]:
    dataset = load_hub(address)
    _check_keys(spec, address, "hub", words)
    schema = dataset.features.arrow_schema
    names = column_names(schema)
    optional = set(spec.label_fields) if spec.allow_missing_label else set()
    check_columns(f"corpus {spec.name}: {address}", spec.fields, names, optional)
    _check_types(spec, address, schema, words)
    has_label = {*spec.label_fields} <= {*names}
    classes = _names_of(dataset.features, spec.label)
    for start in range(0, len(dataset), HUB_ROWS_PER_ITEM):
        stop = min(start + HUB_ROWS_PER_ITEM, len(dataset))
        yield WorkItem(
            spec,
            address,
            "hub",
            start=start,
            stop=stop,
            class_names=classes,
            has_label=has_label,
        )
