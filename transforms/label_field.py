"""A misspelt label field of JSON rows: they may lack it, so all would be unlabelled, unsaid."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping

import orjson
from apache_beam.io.filesystem import BeamIOError

from mashbill.models.errors import MashbillError, first_line
from mashbill.transforms.streams import BLOCK, lines, open_stream

SAMPLE_BYTES = 1 << 20
FIELDS_SHOWN = 10


def check_label_field(corpus: str, label: str, files: Mapping[str, str | None]) -> None:
    """Looks for the field in JSONL files; rows without it are fine as long as some have it.

    Args:
        corpus: its name, for the message.
        label: the field.
        files: path to compression.

    Raises:
        MashbillError: no row of any file has it, or the first megabyte of one has a field of nearly
            that name instead.
    """
    seen: dict[str, None] = {}
    for path, compression in files.items():
        try:
            fields = _sampled_fields(path, compression)
        except (OSError, BeamIOError) as error:
            reason = first_line(error)
            raise MashbillError(f"corpus {corpus}: {path}: cannot be read: {reason}") from None
        near = difflib.get_close_matches(label, fields, n=1, cutoff=0.7)
        if near and label not in fields:
            raise MashbillError(
                f"corpus {corpus}: {path}: no row has the field {label!r}"
                f" (did you mean {near[0]!r}?)"
            )
        seen |= fields
    # Without a single field there is no JSON: its rows are counted and named as rejects.
    if not seen or label in seen or any(_holds(label, *file) for file in files.items()):
        return
    found = ", ".join(repr(name[:80]) for name in list(seen)[:FIELDS_SHOWN])
    raise MashbillError(
        f"corpus {corpus}: no row has the field {label!r}; it has {found}. "
        "Leave `label` out where there are no labels"
    )


def _sampled_fields(path: str, compression: str | None) -> dict[str, None]:
    """The names in the rows of the first megabyte, in the order of their appearance."""
    with open_stream(path, compression) as file:
        return {name: None for line in lines(file, stop=SAMPLE_BYTES) for name in _fields(line)}


def _fields(line: bytes) -> Iterable[str]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return ()
    return record if isinstance(record, dict) else ()


def _holds(label: str, path: str, compression: str | None) -> bool:
    """Whether the name stands anywhere in the file; without parsing it, so that this is fast."""
    keys = {json.dumps(label).encode(), json.dumps(label, ensure_ascii=False).encode()}
    overlap = max(map(len, keys)) - 1
    before = b""
    for block in _blocks(path, compression):
        block = before + block
        if any(key in block for key in keys):
            return True
        before = block[-overlap:]
    return False


def _blocks(path: str, compression: str | None) -> Iterator[bytes]:
    try:
        with open_stream(path, compression) as file:
            while block := file.read(BLOCK):
                yield block
    except (OSError, BeamIOError):  # the reader says so, and where
        return
