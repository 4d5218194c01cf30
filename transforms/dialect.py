"""How a delimited file is written, and what to say of one that is written otherwise."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mashbill.transforms.corpus_spec import CorpusSpec

DELIMITERS = {"csv": ",", "tsv": "\t"}
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SNIFFED = 8 << 10  # characters
MANY_WORDS = 6  # of a name of a column, which is then no name


@dataclass(frozen=True)
class Dialect:
    """How records are written.

    Attributes:
        delimiter: one character between fields.
        quoting: csv.QUOTE_MINIMAL or csv.QUOTE_NONE.
        columns: the names where the file has no header; None where it has one.
        skipped: lines before the header.
    """

    delimiter: str
    quoting: int = csv.QUOTE_MINIMAL
    columns: tuple[str, ...] | None = None
    skipped: int = 0

    def reader(self, source: Iterable[str]) -> Iterator[list[str]]:
        """Records; raises csv.Error for a quote that is not closed, or closed too early."""
        return csv.reader(source, delimiter=self.delimiter, quoting=self.quoting, strict=True)


def dialect_of(spec: CorpusSpec, kind: str, first: str) -> Dialect:
    """By the recipe, by the `sep=` line that Excel knows, or by the kind of file.

    Args:
        kind: csv or tsv.
        first: line of the file.
    """
    said = first.strip('"\r\n').removeprefix("sep=")
    has_line = len(said) == 1 and first.strip('"\r\n') == f"sep={said}"
    delimiter = spec.delimiter or (said if has_line else DELIMITERS[kind])
    quoting = csv.QUOTE_NONE if spec.quoting == "none" else csv.QUOTE_MINIMAL
    columns = None if spec.header else tuple(spec.columns)
    return Dialect(delimiter, quoting, columns, int(has_line))


def what_it_looks_like(wanted: Sequence[str], text: str, dialect: Dialect) -> str:
    """A hint for a file whose header lacks a column; empty where nothing is to be seen.

    Args:
        wanted: the columns that the recipe names.
        text: the start of the file.
    """
    text = text[:SNIFFED]
    delimiter = _delimiter(wanted, text)
    if delimiter not in (None, dialect.delimiter):
        shown = '"\\t"' if delimiter == "\t" else f"'{delimiter}'"
        return f". It looks like {NAMES[delimiter]}: delimiter: {shown}"
    if _begins_with_data(text, dialect):
        return ". Its first line looks like data: header: false, columns: [...]"
    return ""


def _delimiter(wanted: Sequence[str], text: str) -> str | None:
    header = text.partition("\n")[0].strip()
    for delimiter in NAMES:
        if set(wanted) <= {name.strip('"') for name in header.split(delimiter)}:
            return delimiter
    try:
        return csv.Sniffer().sniff(text, "".join(NAMES)).delimiter
    except csv.Error:
        return None


def _begins_with_data(text: str, dialect: Dialect) -> bool:
    """Whether a name of the header recurs in its column, or is as long as a sentence."""
    header, *rows = (line.split(dialect.delimiter) for line in text.split("\n"))
    recurs = any(a == b for row in rows for a, b in zip(header, row, strict=False))
    return recurs or any(len(name.split()) >= MANY_WORDS for name in header)
