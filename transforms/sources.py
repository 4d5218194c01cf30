"""What to read: a corpus's files, checked and cut into pieces of work before anything runs."""

import csv
import glob
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from mashbill.models.errors import MashbillError, first_line
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.hub import load_hub
from mashbill.transforms.label_field import check_label_field
from mashbill.transforms.labels import check_class_names
from mashbill.transforms.spelling import did_you_mean
from mashbill.transforms.streams import (
    COMPRESSIONS,
    compression_of,
    lines,
    open_plain,
    open_stream,
)

RANGE_BYTES = 64 << 20
HUB_ROWS_PER_ITEM = 50_000
FORMATS = {
    ".txt": "text",
    ".text": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
DELIMITERS = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True)
class WorkItem:
    """A piece of a corpus that one worker reads.

    Attributes:
        spec: the corpus.
        path: the file, or the `hf://` address.
        format: text, jsonl, csv, tsv, parquet or hub.
        compression: as Arrow names it; None for none.
        start, stop: bytes of a line-based file, row groups of a Parquet file, rows of a data set;
            a `stop` of None is the end.
        class_names: what the numbers of its label column stand for; empty where it names none.
        stamp: of the file when it was planned, see `stamp_of`; None for a data set.
    """

    spec: CorpusSpec
    path: str
    format: str
    compression: str | None = None
    start: int = 0
    stop: int | None = None
    class_names: tuple[str, ...] = ()
    stamp: str | None = None

    @property
    def key(self) -> str:
        return f"{self.path}:{self.start}"


def plan(
    spec: CorpusSpec, range_bytes: int = RANGE_BYTES, labels: Sequence[str] = ()
) -> list[WorkItem]:
    """The pieces of a corpus, in the order of the file names.

    Args:
        labels: of the recipe, against which class names in the files' metadata are held; empty
            leaves that to the reader, which rejects the rows.

    Raises:
        MashbillError: a pattern matches nothing, a file cannot be opened, its kind is unknown, it
            lacks a column, no JSON row has the label's field, or it is no Parquet file.
    """
    items: list[WorkItem] = []
    for address in spec.addresses:
        items += _hub_items(spec, address)
    for path, size in _files(spec).items():
        stamp = stamp_of(path)
        pieces = _file_items(spec, path, size, range_bytes)
        items += [replace(piece, stamp=stamp) for piece in pieces]
    if not items:
        raise MashbillError(f"corpus {spec.name}: {', '.join(spec.patterns)}: no rows in any file")
    if labels:
        for path, names in {item.path: item.class_names for item in items}.items():
            check_class_names(f"corpus {spec.name}: {path}", names, labels)
    if spec.label is not None and {item.format for item in items} == {"jsonl"}:
        check_label_field(spec.name, spec.label, {item.path: item.compression for item in items})
    return items


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


def _file_items(spec: CorpusSpec, path: str, size: int, range_bytes: int) -> Iterator[WorkItem]:
    stem, compression = compression_of(path)
    kind = spec.format if spec.format != "auto" else _format_of(spec, stem)
    if not _has_bytes(spec, path):
        return
    if kind in DELIMITERS:
        check_columns(spec, path, _header(spec, path, compression, DELIMITERS[kind]))
    if kind == "text" and spec.columns != [spec.text]:
        raise MashbillError(f"corpus {spec.name}: {path}: a text file has no columns but its lines")
    if kind == "parquet":
        groups, names = _row_groups(spec, path)
        for group in range(groups):
            yield WorkItem(spec, path, kind, start=group, stop=group + 1, class_names=names)
    elif kind in ("text", "jsonl") and compression is None:
        for start in range(0, size, range_bytes):
            yield WorkItem(spec, path, kind, start=start, stop=min(start + range_bytes, size))
    else:
        yield WorkItem(spec, path, kind, compression)


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


def _header(spec: CorpusSpec, path: str, compression: str | None, delimiter: str) -> list[str]:
    try:
        with open_stream(path, compression) as file:
            decoded = (line.decode("utf-8-sig") for line in lines(file))
            return next(csv.reader(decoded, delimiter=delimiter, strict=True), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MashbillError(f"corpus {spec.name}: {path}: no header: {error}") from None


def _row_groups(spec: CorpusSpec, path: str) -> tuple[int, tuple[str, ...]]:
    try:
        with open_plain(path) as file:
            parquet = pq.ParquetFile(file)
            schema, groups = parquet.schema_arrow, parquet.num_row_groups
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = first_line(error)
        raise MashbillError(f"corpus {spec.name}: {path}: no Parquet file: {reason}") from None
    check_columns(spec, path, schema.names)
    _check_types(spec, path, schema)
    return groups, _class_names(spec, path, schema)


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


def _names_of(features, label: str | None) -> tuple[str, ...]:
    return tuple(getattr(features.get(label), "names", None) or ())


def _check_types(spec: CorpusSpec, path: str, schema: pa.Schema) -> None:
    for name in filter(None, (spec.text, spec.text_pair)):
        kind = schema.field(name).type
        if not is_text(kind):
            raise MashbillError(f"corpus {spec.name}: {path}: column {name!r} is {kind}, not text")


def is_text(kind: pa.DataType) -> bool:
    """Whether Arrow keeps strings under this type, plain or as a dictionary."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def check_columns(spec: CorpusSpec, path: str, found: Sequence[str]) -> None:
    """Raises MashbillError for a column that the file does not have, or has twice."""
    for name in spec.columns:
        if found.count(name) > 1:
            raise MashbillError(f"corpus {spec.name}: {path}: column {name!r} appears twice")
        if name not in found:
            raise MashbillError(
                f"corpus {spec.name}: {path}: no column {name!r}{did_you_mean(name, found)}; "
                f"it has {', '.join(map(repr, found)) or 'none'}"
            )


def _hub_items(spec: CorpusSpec, address: str) -> Iterator[WorkItem]:
    dataset = load_hub(address)
    check_columns(spec, address, dataset.column_names)
    _check_types(spec, address, dataset.features.arrow_schema)
    names = _names_of(dataset.features, spec.label)
    for start in range(0, len(dataset), HUB_ROWS_PER_ITEM):
        stop = min(start + HUB_ROWS_PER_ITEM, len(dataset))
        yield WorkItem(spec, address, "hub", start=start, stop=stop, class_names=names)


def _digest(path: str, size: int) -> str:
    if FileSystems.get_scheme(path) is None:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    return f"{size} bytes, checksum {FileSystems.checksum(path)}"
