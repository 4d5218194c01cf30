"""What a reader yields, and how one record becomes a raw row or a reject."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from mashbill.transforms.addresses import without_secrets
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.examples import RAW
from mashbill.transforms.ledger import Reject
from mashbill.transforms.sources import did_you_mean
from mashbill.transforms.streams import LONGEST_LINE

ROWS_PER_PART = 1024
BYTES_PER_PART = 1 << 20


class Part(NamedTuple):
    """Some of a file's rows.

    Attributes:
        batch: columns of `RAW`.
        rejects: the rows that cannot be used.
        rows: how many were read: those of the batch, the rejects and the blank ones.
        blank: lines of no length, which are no rows.
    """

    batch: pa.RecordBatch
    rejects: list[Reject]
    rows: int
    blank: int


class BadRow(ValueError):
    """A record that cannot be used; the message is the reject's reason."""


class PartBuilder:
    """Collects rows of one corpus file and cuts them into parts of 1,024 rows or about 1 MB."""

    def __init__(self, spec: CorpusSpec, path: str, labels: Sequence[str]):
        self.spec, self.path = spec, path
        self.label_index = {label: i for i, label in enumerate(labels)}
        # Names such as "1" … "5" leave no room for indices: is 1 the first or the second?
        numbered = any(label.isdigit() for label in labels)
        self.indices = {} if numbered else {str(i): i for i in range(len(labels))}
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
        """The index of a label given by name or by index; None for null, "" and NaN.

        True and false are refused: which of two names they mean would be a guess.
        """
        if value is None or value == "" or value != value:
            return None
        if isinstance(value, float) and value.is_integer():  # how pandas stores ints with gaps
            value = int(value)
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise BadRow(f"the label is {_kind(value)}, neither a name nor a number")
        name = str(value)
        if name in self.label_index:
            return self.label_index[name]
        if name in self.indices:
            return self.indices[name]
        hint = did_you_mean(name[:80], self.label_index)
        allowed = ", ".join(self.label_index)
        raise BadRow(f"label {name[:80]!r} is not in labels{hint}; allowed: {allowed}")


def _text(record: Mapping[str, Any], name: str, longest: int) -> str:
    if name not in record:
        raise BadRow(f"the field {name!r} is missing")
    text = record[name]
    if not isinstance(text, str):
        raise BadRow(f"the field {name!r} is {_kind(text)}, not text")
    if not text:
        raise BadRow(f"the field {name!r} is empty")
    if len(text) > longest:
        raise BadRow(f"the field {name!r} is longer than max_characters, {longest:,}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadRow(f"the field {name!r} is no valid Unicode") from None
    return text


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
