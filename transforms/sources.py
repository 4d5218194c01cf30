"""What to read: a corpus's files, checked and cut into pieces of work before anything runs."""

import glob
import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems
from pyarrow.dataset import HivePartitioning, get_partition_keys

from mashbill.models.errors import MashbillError, first_line
from mashbill.models.tasks.base import Task
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.credentials import check_credentials
from mashbill.transforms.dialect import DELIMITERS, Dialect
from mashbill.transforms.encodings import PLAIN, Coding
from mashbill.transforms.fields import (
    MissingColumn,
    check_columns,
    column_names,
    column_types,
    value_of,
)
from mashbill.transforms.hub import load_hub
from mashbill.transforms.label_field import check_label_field, some_files
from mashbill.transforms.streams import COMPRESSIONS, compression_of, longest_line, open_plain
from mashbill.transforms.text_files import ARRAY, OBJECTS, look_at

RANGE_BYTES = 64 << 20
HUB_ROWS_PER_ITEM = 50_000
MOST_BYTES = {"utf-8": 4, "json": 12}  # of a character; JSON may escape it as a pair of halves
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


@dataclass(frozen=True)
class WorkItem:
    """A piece of a corpus that one worker reads.

    Attributes:
        spec: the corpus.
        path: the file, or the `hf://` address.
        format: text, jsonl, array, objects, csv, tsv, parquet, conll or hub.
        compression: as Arrow names it; None for none.
        start, stop: bytes of a line-based file, row groups of a Parquet file, rows of a data set;
            a `stop` of None is the end.
        class_names: what the numbers of its label column stand for; empty where it names none.
        stamp: of the file when it was planned, see `stamp_of`; None for a data set.
        coding: of a text file.
        dialect: of a CSV or TSV file.
        partition: values of fields that stand in the names of the folders.
        has_label: whether the file has the label's field, or may have it in some rows.
        has_rows: whether there is anything to read.
    """

    spec: CorpusSpec
    path: str
    format: str
    compression: str | None = None
    start: int = 0
    stop: int | None = None
    class_names: tuple[str, ...] = ()
    stamp: str | None = None
    coding: Coding = PLAIN
    dialect: Dialect | None = None
    partition: Mapping[str, str | None] = field(default_factory=dict)
    has_label: bool = True
    has_rows: bool = True

    @property
    def where(self) -> str:
        return f"corpus {self.spec.name}: {self.path}"

    @property
    def optional(self) -> set[str]:
        """Fields that the file may lack."""
        labels = set(self.spec.label_fields) if self.spec.allow_missing_label else set()
        return labels | self.partition.keys()

    @property
    def prefix(self) -> str:
        """What ijson calls the place of the records."""
        return "item" if self.format == ARRAY else ""

    @property
    def longest_line(self) -> int:
        """Bytes beyond which a line is not read: its texts would be longer than they may be."""
        texts = 1 if self.spec.text_pair is None else 2
        bytes_each = MOST_BYTES["json" if self.format == "jsonl" else "utf-8"]
        return longest_line(texts * self.spec.max_characters, bytes_each)

    @property
    def key(self) -> str:
        return f"{self.path}:{self.start}"


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
    for path, size in _files(spec).items():
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
    allowed = "; `allow_missing_label: true` reads such files unlabelled" if others_have_it else ""
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


def digests(spec: CorpusSpec) -> dict[str, str]:
    """Path to what identifies its content: a hash of local files, else size and checksum."""
    hub = {address: load_hub(address)._fingerprint for address in spec.addresses}
    return hub | {path: _digest(path, size) for path, size in _files(spec).items()}


def stamp_of(path: str) -> str:
    """What changes when a file does, without reading it: size and time, or an object's checksum."""
    if FileSystems.get_scheme(path) is None:
        found = os.stat(path)
        return f"{found.st_size} {found.st_mtime_ns}"
    return FileSystems.checksum(path)


def stored_bytes(spec: CorpusSpec) -> int:
    """How large its files are, as they are stored; a data set of the hub counts nothing."""
    return sum(_files(spec).values())


def _files(spec: CorpusSpec) -> dict[str, int]:
    """Path to bytes, sorted; a file that several patterns match stands there once."""
    sizes: dict[str, int] = {}
    for pattern in spec.globs:
        check_credentials(f"corpus {spec.name}", pattern)
        try:
            found = FileSystems.match([_escape_what_exists(pattern)])[0].metadata_list
        except (BeamIOError, OSError, ValueError) as error:
            raise MashbillError(f"corpus {spec.name}: {pattern}: {first_line(error)}") from None
        if not found:
            hint = "; [ ] are a choice of letters, write [[] for [" if "[" in pattern else ""
            raise MashbillError(f"corpus {spec.name}: no file matches {pattern}{hint}")
        for metadata in found:
            if not _is_unicode(metadata.path):
                raise MashbillError(
                    f"corpus {spec.name}: {metadata.path!r}: the file name is no valid UTF-8"
                )
            sizes[metadata.path] = metadata.size_in_bytes
    return dict(sorted(sizes.items()))


def _escape_what_exists(pattern: str) -> str:
    """A pattern in which a file, or a leading folder, that is called so stands for itself."""
    ends = [match.start() for match in re.finditer("/", pattern)]
    for end in (len(pattern), *reversed(ends)):
        if glob.has_magic(pattern[:end]) and FileSystems.exists(pattern[:end]):
            return glob.escape(pattern[:end]) + pattern[end:]
    return pattern


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


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
            f"{item.where}: a text file has no columns but its lines, and no {min(extra)!r}",
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
    found = HivePartitioning(schema).parse(path.rpartition("/")[0] + "/")
    return get_partition_keys(found)


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
        raise MashbillError(f"{item.where}: no Parquet file: {first_line(error)}") from None
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
    found = value_of(features, label) if isinstance(label, str) else None
    found = getattr(found, "feature", found)  # of a list
    found = found.get("label") if isinstance(found, dict) else found  # of a list of spans
    return tuple(getattr(found, "names", None) or ())


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


def _digest(path: str, size: int) -> str:
    if FileSystems.get_scheme(path) is None:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    return f"{size} bytes, checksum {FileSystems.checksum(path)}"
