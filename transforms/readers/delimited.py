"""CSV and TSV: read whole, since a quoted field may hold line ends."""

import csv
from collections import deque
from collections.abc import Iterator
from itertools import islice

from mashbill.models.tasks.base import Task
from mashbill.transforms.encodings import open_utf8
from mashbill.transforms.fields import check_columns
from mashbill.transforms.ledger import EXAMPLE_LIMIT
from mashbill.transforms.readers.part import BadRow, Part, PartBuilder
from mashbill.transforms.streams import LONGEST_LINE, lines
from mashbill.transforms.work_item import WorkItem

QUOTES = "; if quotes are ordinary characters: quoting: none"
LINES_AHEAD = 100_000  # a quote that no later line closes is looked for no further


class _TooLong(csv.Error):
    """A line that was not read to its end."""


class _Lines:
    """Numbered lines for csv.reader, which can be handed back when a record went wrong."""

    def __init__(self, source: Iterator[bytes], skipped: int, builder: PartBuilder):
        self.source = islice(enumerate(source, 1), skipped, None)
        self.check_length = builder.check_length
        self.returned: deque[tuple[int, bytes]] = deque()
        self.record: list[tuple[int, bytes]] = []  # what the record being read spans
        self.bytes = 0  # of the record
        self.lost_until, self.loss = 0, ""  # the last line of a record that went wrong, and why

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self.record) > LINES_AHEAD or self.bytes > LONGEST_LINE:
            raise csv.Error("a quote is not closed")
        # A quote open at the start of a line ends the same way wherever it was opened, so no
        # line is looked at more than twice, however many quotes a file leaves open.
        if self.record and self.record[-1][0] < self.lost_until:
            raise csv.Error(self.loss)
        line = self.returned.popleft() if self.returned else next(self.source)
        self.record.append(line)
        self.bytes += len(line[1])
        try:
            self.check_length(line[1].rstrip(b"\r\n"))
        except BadRow as error:
            raise _TooLong(str(error)) from None
        return line[1].decode("utf-8-sig" if line[0] == 1 else "utf-8", "surrogateescape")

    def begin_record(self) -> None:
        self.record, self.bytes = [], 0

    def hand_back_all_but_first(self, reason: str) -> None:
        self.returned.extendleft(reversed(self.record[1:]))
        if self.record[-1][0] > self.lost_until:
            self.lost_until, self.loss = self.record[-1][0], reason


def read_delimited(item: WorkItem, task: Task) -> Iterator[Part]:
    """Rows under the header; of a record with wrong quotes only the first line is lost."""
    csv.field_size_limit(LONGEST_LINE)
    builder = PartBuilder(item, task)
    with open_utf8(item.path, item.compression, item.coding) as file:
        source = _Lines(lines(file, longest=item.longest_line), item.dialect.skipped, builder)
        records = item.dialect.reader(source)
        header = next(records, []) if item.dialect.columns is None else item.dialect.columns
        check_columns(item.where, item.spec.fields, header, item.optional)
        while True:
            source.begin_record()
            try:
                row = next(records)
                if not row:
                    builder.blank += 1
                else:
                    if len(row) != len(header):
                        raise csv.Error(f"{len(row)} fields, the header has {len(header)}")
                    for _, line in source.record:
                        builder.decode(line)
                    builder.add(dict(zip(header, row, strict=True)))
            except StopIteration:
                break
            except (csv.Error, BadRow) as error:
                number, line = source.record[0]
                shown = {"line": line[:EXAMPLE_LIMIT].decode(errors="replace")}
                is_quote = isinstance(error, csv.Error) and "fields, the header" not in str(error)
                hint = QUOTES if is_quote and not isinstance(error, _TooLong) else ""
                builder.reject(f"{error}{hint}", {"line": number}, shown)
                if isinstance(error, csv.Error):  # a stray quote may have run into good records
                    source.hand_back_all_but_first(str(error))
            yield from builder.drain()
    yield from builder.drain(at_end=True)
