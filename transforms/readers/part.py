"""What a reader yields, and how one record becomes a raw row or a reject."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import regex

from mashbill.transforms.addresses import without_secrets
from mashbill.transforms.examples import RAW
from mashbill.transforms.labels import BadLabel, LabelParser
from mashbill.transforms.ledger import Reject
from mashbill.transforms.sources import WorkItem
from mashbill.transforms.streams import LONGEST_LINE

ROWS_PER_PART = 1024
BYTES_PER_PART = 1 << 20
# Anything but white space, control characters and what Unicode calls ignorable (zero width).
VISIBLE = regex.compile(r"[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]")


class Part(NamedTuple):
    """Some of a file's rows.

    Attributes:
        batch: columns of `RAW`.
        rejects: the rows that cannot be used.
        rows: how many were read: those of the batch, the rejects and the blank ones.
        blank: lines without a visible character, which are no rows.
    """

    batch: pa.RecordBatch
    rejects: list[Reject]
    rows: int
    blank: int


class BadRow(ValueError):
    """A record that cannot be used; the message is the reject's reason."""


class PartBuilder:
    """Collects rows of one corpus file and cuts them into parts of 1,024 rows or about 1 MB."""

    def __init__(self, item: WorkItem, labels: Sequence[str]):
        self.spec, self.path = item.spec, item.path
        self.parse_label = LabelParser(labels, item.class_names)
        self._clear()

    def _clear(self) -> None:
        self.rows: list[tuple[str, str | None, int | None]] = []
        self.rejects: list[Reject] = []
        self.blank = self.bytes = 0

    @property
    def is_full(self) -> bool:
        held = len(self.rows) + len(self.rejects) + self.blank
        return held >= ROWS_PER_PART or self.bytes >= BYTES_PER_PART

    def add(self, record: Mapping[str, Any]) -> None:
        """Raises BadRow if the record cannot be used."""
        spec = self.spec
        text = _text(record, spec.text, spec.max_characters)
        pair = spec.text_pair and _text(record, spec.text_pair, spec.max_characters)
        label = None if spec.label is None else self._label(record.get(spec.label))
        self.rows.append((text, pair, label))
        self.bytes += len(text.encode()) + len((pair or "").encode())

    def reject(self, reason: str, where: Mapping[str, Any], example: Mapping[str, Any]) -> None:
        source = {"corpus": self.spec.name, "file": without_secrets(self.path), **where}
        self.rejects.append(Reject("read", reason, source, example))

    def take(self) -> Part:
        """What was collected since the last time."""
        texts, pairs, labels = zip(*self.rows, strict=True) if self.rows else ((), (), ())
        rows = len(self.rows)
        columns = [
            pa.array(texts, pa.string()),
            pa.array(pairs, pa.string()),
            pa.array(labels, pa.int16()),
            pa.array([self.spec.name] * rows, pa.string()),
            pa.array([self.spec.split] * rows, pa.string()),
        ]
        batch = pa.RecordBatch.from_arrays(columns, schema=RAW)
        part = Part(batch, self.rejects, rows + len(self.rejects) + self.blank, self.blank)
        self._clear()
        return part

    def drain(self, at_end: bool = False) -> Iterator[Part]:
        """A part if one is full, or whatever is left at the end."""
        if self.is_full or (at_end and (self.rows or self.rejects or self.blank)):
            yield self.take()

    def _label(self, value: Any) -> int | None:
        try:
            return self.parse_label(value)
        except BadLabel as error:
            raise BadRow(str(error)) from None


def _text(record: Mapping[str, Any], name: str, longest: int) -> str:
    if name not in record:
        raise BadRow(f"the field {name!r} is missing")
    text = record[name]
    if not isinstance(text, str):
        raise BadRow(f"the field {name!r} is {_kind(text)}, not text")
    if is_blank(text):
        raise BadRow(f"the field {name!r} is empty")
    if len(text) > longest:
        raise BadRow(f"the field {name!r} is longer than max_characters, {longest:,}")
    if "\0" in text:
        raise BadRow(f"the field {name!r} holds NUL characters, as UTF-16 that is read as UTF-8")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadRow(f"the field {name!r} is no valid Unicode") from None
    return text


def is_blank(text: str) -> bool:
    """Whether there is nothing to read in it."""
    return VISIBLE.search(text) is None


def decode(line: bytes) -> str:
    """Raises BadRow for bytes that are not UTF-8, or too many."""
    if len(line) > LONGEST_LINE:
        raise BadRow(f"longer than {LONGEST_LINE >> 20} MB")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRow(f"invalid UTF-8 at byte {error.start + 1}: {error.reason}") from None


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__
