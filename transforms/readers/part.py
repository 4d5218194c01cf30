"""What a reader yields, and how one record becomes a raw row or a reject."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import pyarrow as pa

from mashbill.models.tasks.base import Task
from mashbill.models.tasks.names import BadLabel
from mashbill.models.tasks.span_parser import Bounds
from mashbill.models.tasks.tag_schemes import BadTag
from mashbill.transforms.addresses import without_secrets
from mashbill.transforms.blank import is_blank
from mashbill.transforms.encodings import SAMPLE_BYTES, likely_encoding
from mashbill.transforms.examples import raw_schema
from mashbill.transforms.fields import MISSING, value_of
from mashbill.transforms.joining import BadWords, join
from mashbill.transforms.ledger import Reject
from mashbill.transforms.streams import LONGEST_LINE, open_stream
from mashbill.transforms.work_item import WorkItem

ROWS_PER_PART = 1024
BYTES_PER_PART = 1 << 20


class Part(NamedTuple):
    """Some of a file's rows.

    Attributes:
        batch: columns of `raw_schema`.
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


class BadWord(BadRow):
    """A record with a word that cannot be used. Attributes: `word`, its number from 0."""

    def __init__(self, message: str, word: int):
        super().__init__(message)
        self.word = word


class BadBytes(BadRow):
    """A record that is not UTF-8."""


class PartBuilder:
    """Collects rows of one corpus file and cuts them into parts of 1,024 rows or about 1 MB."""

    def __init__(self, item: WorkItem, task: Task):
        self.spec, self.path, self.item = item.spec, item.path, item
        self.hint: str | None = None  # at the likely encoding; looked for once
        self.task = task
        self.parse_label = task.parser(item.class_names)
        self.scheme = item.spec.scheme
        self.schema = raw_schema(task.label_type)
        self._clear()

    def _clear(self) -> None:
        self.rows: list[tuple[str, str | None, Any]] = []
        self.rejects: list[Reject] = []
        self.blank = self.bytes = 0

    @property
    def is_full(self) -> bool:
        held = len(self.rows) + len(self.rejects) + self.blank
        return held >= ROWS_PER_PART or self.bytes >= BYTES_PER_PART

    def add(self, record: Mapping[str, Any]) -> None:
        """Raises BadRow if the record cannot be used."""
        spec = self.spec
        text, words = self._text_of_words(record)
        pair = spec.text_pair and self._text(record, spec.text_pair)
        label = None if spec.label is None else self._label(record, text, words)
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
            pa.array(labels, self.schema.field("label").type),
            pa.array([self.spec.name] * rows, pa.string()),
            pa.array([self.spec.split] * rows, pa.string()),
        ]
        batch = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        part = Part(batch, self.rejects, rows + len(self.rejects) + self.blank, self.blank)
        self._clear()
        return part

    def drain(self, at_end: bool = False) -> Iterator[Part]:
        """A part if one is full, or whatever is left at the end."""
        if self.is_full or (at_end and (self.rows or self.rejects or self.blank)):
            yield self.take()

    def check_length(self, line: bytes) -> None:
        """Raises BadRow for a line that was too long to be read whole."""
        if len(line) > self.item.longest_line:
            raise BadRow(
                f"a line of more than {self.item.longest_line:,} bytes: beyond max_characters, "
                f"{self.spec.max_characters:,}"
            )

    def decode(self, line: bytes) -> str:
        """Raises BadRow for bytes that are no text, with the encoding that they may be in."""
        self.check_length(line)
        try:
            return decode(line)
        except BadBytes as error:
            if not self.item.coding.is_plain:
                raise BadRow(f"invalid {self.item.coding.encoding}") from None
            self.hint = _hint(self.item, line) if self.hint is None else self.hint
            raise BadRow(f"{error}{self.hint}") from None

    def _value(self, record: Mapping[str, Any], name: str) -> Any:
        if name in record:
            return record[name]
        value = value_of(record, name)
        return self.item.partition.get(name, MISSING) if value is MISSING else value

    def _text(self, record: Mapping[str, Any], name: str) -> str:
        text = self._value(record, name)
        check_text(text, name, self.spec.max_characters)
        return text

    def _text_of_words(self, record: Mapping[str, Any]) -> tuple[str, Bounds | None]:
        """The text, and the places of its words where the field is a list of these."""
        name = self.spec.text
        words = self._value(record, name) if self.task.reads_words else None
        if not isinstance(words, list):
            return self._text(record, name), None
        try:
            joined = join(words, self.spec.spacing)
        except BadWords as error:
            raise BadRow(f"the field {name!r}: {error}") from None
        check_text(joined.text, name, self.spec.max_characters)
        return joined.text, joined.bounds

    def _label(self, record: Mapping[str, Any], text: str, words: Bounds | None) -> Any:
        fields = (self._value(record, name) for name in self.spec.label_fields)
        values = tuple(None if value is MISSING else value for value in fields)
        value = values[0] if isinstance(self.spec.label, str) else values
        try:
            if words is not None:
                return self.parse_label.of_words(value, words, self.scheme)
            label = self.parse_label(value)
            self.task.check_label(label, text)
            return label
        except BadTag as error:
            raise BadWord(str(error), error.word) from None
        except BadLabel as error:
            raise BadRow(str(error)) from None


def check_text(text: Any, name: str, longest: int) -> None:
    """Raises BadRow for what is no text to learn from."""
    if text is MISSING:
        raise BadRow(f"the field {name!r} is missing")
    if not isinstance(text, str):
        raise BadRow(f"the field {name!r} is {_kind(text)}, not text")
    if is_blank(text):
        raise BadRow(f"the field {name!r} is empty")
    if len(text) > longest:
        raise BadRow(f"the field {name!r} is longer than max_characters, {longest:,}")
    if "\0" in text:
        raise BadRow(f"the field {name!r} holds NUL characters, like UTF-16 read as UTF-8")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadRow(f"the field {name!r} is not valid Unicode") from None


def decode(line: bytes) -> str:
    """Raises BadRow for too many bytes, and BadBytes for some that are not UTF-8."""
    if len(line) > LONGEST_LINE:
        raise BadRow(f"longer than {LONGEST_LINE >> 20} MB")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadBytes(f"invalid UTF-8 at byte {error.start + 1}: {error.reason}") from None


def _hint(item: WorkItem, line: bytes) -> str:
    """The likely encoding by all that is not UTF-8 in the start of the file, and by this line."""
    with suppress(OSError), open_stream(item.path, item.compression) as file:
        return likely_encoding(file.read(SAMPLE_BYTES) + b"\n" + line)
    return ""


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__
