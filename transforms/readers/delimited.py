"""CSV and TSV: read whole, since a quoted field may hold line ends."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence

from transforms.readers.part import BadRow, Part, PartBuilder, decode
from transforms.sources import DELIMITERS, WorkItem
from transforms.streams import LONGEST_LINE, lines, open_stream

LINES_AHEAD = 100_000  # a quote that no later line closes is looked for no further


class _Lines:
    """Numbered lines for csv.reader, which can be handed back when a record went wrong."""

    def __init__(self, source: Iterator[bytes]):
        self.source = enumerate(source, 1)
        self.returned: deque[tuple[int, bytes]] = deque()
        self.record: list[tuple[int, bytes]] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self.record) > LINES_AHEAD:
            raise csv.Error("a quote is not closed")
        line = self.returned.popleft() if self.returned else next(self.source)
        self.record.append(line)
        return line[1].decode("utf-8-sig" if line[0] == 1 else "utf-8", "surrogateescape")

    def hand_back_all_but_first(self) -> None:
        self.returned.extendleft(reversed(self.record[1:]))


def read_delimited(item: WorkItem, labels: Sequence[str]) -> Iterator[Part]:
    """Rows under the header; a broken record rejects its first line, the rest is read again."""
    csv.field_size_limit(LONGEST_LINE)
    builder = PartBuilder(item.spec, item.path, labels)
    with open_stream(item.path, item.compression) as file:
        source = _Lines(lines(file))
        header: list[str] | None = None
        while True:
            source.record = []
            try:
                # strict: a quote that is not closed, or closed too early, is an error
                row = next(csv.reader(source, delimiter=DELIMITERS[item.format], strict=True))
                if header is None:
                    header = row
                elif not row:
                    builder.blank += 1
                else:
                    builder.add(_record(header, row, source.record))
            except StopIteration:
                break
            except (csv.Error, BadRow) as error:
                number, line = source.record[0]
                builder.reject(
                    str(error), {"line": number}, {"line": line[:500].decode(errors="replace")}
                )
                source.hand_back_all_but_first()
            yield from builder.drain()
    yield from builder.drain(at_end=True)


def _record(header: list[str], row: list[str], read: list[tuple[int, bytes]]) -> dict[str, str]:
    for _, line in read:
        decode(line)
    if len(row) != len(header):
        raise BadRow(f"{len(row)} fields, the header has {len(header)}")
    return dict(zip(header, row, strict=True))
