"""Text and JSONL: a row is a line, and a large file may be read in ranges of bytes."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from mashbill.models.tasks.base import Task
from mashbill.transforms.encodings import open_utf8
from mashbill.transforms.ledger import EXAMPLE_LIMIT
from mashbill.transforms.readers.part import BadRow, Part, PartBuilder, is_blank
from mashbill.transforms.streams import BLOCK, lines, open_plain
from mashbill.transforms.work_item import WorkItem

BOM = b"\xef\xbb\xbf"


def read_lines(item: WorkItem, task: Task) -> Iterator[Part]:
    """The lines that begin in the item's range; a line belongs to the range of its first byte."""
    builder = PartBuilder(item, task)
    parse = _parse_json if item.format == "jsonl" else _parse_text
    before: int | None = None
    with open_utf8(item.path, item.compression, item.coding) as file:
        at_start = _seek_first_line(file, item)
        for number, line in enumerate(lines(file, at_start, item.stop, item.longest_line), 1):
            line = line.removeprefix(BOM) if item.start == 0 and number == 1 else line
            line = line.removesuffix(b"\n").removesuffix(b"\r")
            if len(line) <= item.longest_line and _is_blank(line):
                builder.blank += 1
            else:
                try:
                    builder.add(parse(line, builder))
                except BadRow as error:
                    before = _lines_before(item, at_start) if before is None else before
                    shown = {"line": line[:EXAMPLE_LIMIT].decode(errors="replace")}
                    builder.reject(str(error), {"line": before + number}, shown)
            yield from builder.drain()
    yield from builder.drain(at_end=True)


def _is_blank(line: bytes) -> bool:
    start = line[:EXAMPLE_LIMIT]  # which tells of nearly all
    return is_blank(start.decode(errors="replace")) and is_blank(line.decode(errors="replace"))


def _parse_text(line: bytes, builder: PartBuilder) -> dict[str, Any]:
    return {builder.spec.text: builder.decode(line)}


def _parse_json(line: bytes, builder: PartBuilder) -> dict[str, Any]:
    builder.decode(line)
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadRow(f"not JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(record, dict):
        raise BadRow(f"a JSON {type(record).__name__}, not an object")
    return record


def _seek_first_line(file: BinaryIO, item: WorkItem) -> int:
    """Moves to the first line that begins in the range, if any, and says where that is."""
    if item.start == 0:
        return 0
    file.seek(item.start - 1)
    position = item.start - 1
    while position < item.stop and (piece := file.readline(BLOCK)):
        position += len(piece)
        if piece.endswith(b"\n"):
            break
    return position


def _lines_before(item: WorkItem, position: int) -> int:
    """How many lines end before a byte; asked for only when a reject has to name its line."""
    count = 0
    if position:
        with open_plain(item.path) as file:
            while position > 0 and (block := file.read(min(BLOCK, position))):
                count += block.count(b"\n")
                position -= len(block)
    return count
