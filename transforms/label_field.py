"""A label field that JSON rows lack: they may, so all of a file would be unlabelled, unsaid."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import ijson
import orjson
from apache_beam.io.filesystem import BeamIOError

from mashbill.models.errors import MashbillError, first_line
from mashbill.transforms.encodings import open_utf8
from mashbill.transforms.fields import MISSING, names_of, value_of
from mashbill.transforms.streams import BLOCK, lines
from mashbill.transforms.work_item import WorkItem

SAMPLE_BYTES = 1 << 20
SAMPLE_RECORDS = 1000  # of an array
FIELDS_SHOWN = 10
FILES_SHOWN = 5


def check_label_field(items: Sequence[WorkItem], others_have_it: bool) -> None:
    """Looks for the label's field in JSON files; some rows of a file may lack it, but not all.

    Args:
        items: one for each JSON file of a corpus.
        others_have_it: whether the corpus has files of another kind, with labels.

    Raises:
        MashbillError: the beginning of a file has a field of nearly that name instead, no row of
            any file has it, or no row of some files, which the corpus does not allow.
    """
    spec = items[0].spec
    seen: dict[str, None] = {}
    lacking: list[str] = []
    some_have_it = others_have_it
    for item in items:
        has_it, fields = _look(item)
        if not has_it:
            _refuse_near_name(item, fields)
        seen |= fields
        # Without a single field there is no JSON: its rows are counted and named as rejects.
        if has_it or (fields and _holds(item)):
            some_have_it = True
        elif fields:
            lacking.append(item.path)
    if not lacking or (spec.allow_missing_label and some_have_it):
        return
    wanted = " and ".join(map(repr, spec.label_fields))
    if not some_have_it:
        names = ", ".join(repr(name[:80]) for name in list(seen)[:FIELDS_SHOWN])
        raise MashbillError(
            f"corpus {spec.name}: no row has the field {wanted}; it has {names}. "
            "Leave out `label` if there are no labels"
        )
    raise MashbillError(
        f"corpus {spec.name}: no row of {some_files(lacking)} has the field "
        f"{wanted}, but other files have it; `allow_missing_label: true` reads "
        "them as unlabelled"
    )


def some_files(paths: Iterable[str]) -> str:
    """The first few by name, and how many more there are."""
    first, rest = list(paths)[:FILES_SHOWN], list(paths)[FILES_SHOWN:]
    return ", ".join(first) + (f" and {len(rest):,} more" if rest else "")


def _refuse_near_name(item: WorkItem, fields: Mapping[str, None]) -> None:
    for name in item.spec.label_fields:
        near = difflib.get_close_matches(name, fields, n=1, cutoff=0.7)
        if near and name not in fields:
            raise MashbillError(
                f"corpus {item.spec.name}: {item.path}: no row has the field {name!r}"
                f" (did you mean {near[0]!r}?)"
            )


def _look(item: WorkItem) -> tuple[bool, dict[str, None]]:
    """Whether the first rows have the label, and the names of all their fields."""
    has_it, fields = False, {}
    try:
        for record in _sampled(item):
            values = (value_of(record, name) for name in item.spec.label_fields)
            has_it = has_it or all(value is not MISSING for value in values)
            fields |= dict.fromkeys(names_of(record))
    except (OSError, BeamIOError) as error:
        reason = first_line(error)
        raise MashbillError(
            f"corpus {item.spec.name}: {item.path}: cannot be read: {reason}"
        ) from None
    return has_it, fields


def _sampled(item: WorkItem) -> Iterator[Mapping[str, Any]]:
    """Objects of the first megabyte of lines, or the first thousand of an array."""
    with open_utf8(item.path, item.compression, item.coding) as file:
        if item.format == "jsonl":
            yield from (record for line in lines(file, stop=SAMPLE_BYTES) for record in _of(line))
            return
        records = ijson.items(file, item.prefix, multiple_values=not item.prefix, use_float=True)
        try:
            for record in islice(records, SAMPLE_RECORDS):
                if isinstance(record, dict):
                    yield record
        except (ijson.JSONError, UnicodeDecodeError):  # the reader says so, and where
            return


def _of(line: bytes) -> Iterable[Mapping[str, Any]]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return ()
    return (record,) if isinstance(record, dict) else ()


def _holds(item: WorkItem) -> bool:
    """Whether the name stands anywhere in the file; without parsing it, so that this is fast."""
    names = {end for name in item.spec.label_fields for end in (name, name.rpartition(".")[2])}
    keys = {json.dumps(name, ensure_ascii=ascii).encode() for name in names for ascii in (0, 1)}
    overlap = max(map(len, keys)) - 1
    before = b""
    for block in _blocks(item):
        block = before + block
        if any(key in block for key in keys):
            return True
        before = block[-overlap:]
    return False


def _blocks(item: WorkItem) -> Iterator[bytes]:
    try:
        with open_utf8(item.path, item.compression, item.coding) as file:
            while block := file.read(BLOCK):
                yield block
    except (OSError, BeamIOError):  # the reader says so, and where
        return
