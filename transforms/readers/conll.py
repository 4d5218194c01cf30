"""CoNLL files: a word a line with its tags beside it, and an empty line behind each sentence."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from mashbill.models.tasks.base import Task
from mashbill.models.tasks.tag_schemes import scheme_of
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.encodings import open_utf8
from mashbill.transforms.ledger import EXAMPLE_LIMIT
from mashbill.transforms.readers.part import BadRow, BadWord, Part, PartBuilder
from mashbill.transforms.streams import lines
from mashbill.transforms.work_item import WorkItem

BOM = b"\xef\xbb\xbf"
DOCUMENT = "-DOCSTART-"
LINES_LOOKED_AT = 100_000  # to tell what the tags mean


@dataclass
class Sentence:
    """The lines of a file between two blank ones.

    Attributes:
        line: the number of the first.
        rows: the fields of each.
        fault: the number of a line that cannot be used, and why.
    """

    line: int
    rows: list[list[str]] = field(default_factory=list)
    fault: tuple[int, str] | None = None


def read_conll(item: WorkItem, task: Task) -> Iterator[Part]:
    """A row for each sentence; a line that cannot be used costs its sentence."""
    builder = PartBuilder(item, task)
    width = _width(item)
    word, tag = _places(item.spec, width)
    if item.spec.scheme == "auto" and tag is not None:
        builder.scheme = scheme_of(_sample_of_tags(item, width, tag))
    for sentence in _sentences(item, builder, width, word):
        shown = {"text": " ".join(row[word] for row in sentence.rows)[:EXAMPLE_LIMIT]}
        line = sentence.line
        try:
            if sentence.fault is not None:
                line, reason = sentence.fault
                raise BadRow(reason)
            record = {item.spec.text: [row[word] for row in sentence.rows]}
            if tag is not None:
                record[item.spec.label] = [row[tag] for row in sentence.rows]
            builder.add(record)
        except BadRow as error:
            line += error.word if isinstance(error, BadWord) else 0
            builder.reject(str(error), {"line": line}, shown)
        yield from builder.drain()
    yield from builder.drain(at_end=True)


def _places(spec: CorpusSpec, width: int) -> tuple[int, int | None]:
    """Which fields of a line are the word and its tag: by the names of the columns, or the first
    and the last."""
    if not spec.columns:
        return 0, None if spec.label is None else width - 1
    tag = None if spec.label is None else spec.columns.index(spec.label)
    return spec.columns.index(spec.text), tag


def _fields(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")


def _beginning(item: WorkItem) -> Iterator[list[str]]:
    """The fields of the first lines."""
    with open_utf8(item.path, item.compression, item.coding) as file:
        for line in islice(lines(file, longest=item.longest_line), LINES_LOOKED_AT):
            yield _fields(_decoded(line.removeprefix(BOM)))


def _width(item: WorkItem) -> int:
    """How many fields most lines have."""
    widths = Counter(len(row) for row in _beginning(item) if row and not row[0].startswith("#"))
    widths.pop(0, None)
    return max(widths, key=lambda width: (widths[width], width), default=1)


def _sample_of_tags(item: WorkItem, width: int, place: int) -> list[list[str]]:
    """The tags of the first sentences."""
    sentences: list[list[str]] = [[]]
    for row in _beginning(item):
        if len(row) == width and row[0] != DOCUMENT:
            sentences[-1].append(row[place])
        elif sentences[-1]:
            sentences.append([])
    return sentences


def _sentences(item: WorkItem, builder: PartBuilder, width: int, word: int) -> Iterator[Sentence]:
    """The sentences, of each so much that a text that is too long is seen to be so.

    A document without a sentence comes as one with a fault.
    """
    now: Sentence | None = None
    document = 0  # the line at which one began that has no sentence yet
    held = 0
    with open_utf8(item.path, item.compression, item.coding) as file:
        for number, line in enumerate(lines(file, longest=item.longest_line), 1):
            text = _decoded(line.removeprefix(BOM) if number == 1 else line)
            row = _fields(text)
            if not text.strip() or row[0] == DOCUMENT:
                if now is not None:
                    yield now
                now = None
                if text.strip():
                    if document:
                        yield _empty_document(document)
                    document = number
                continue
            if now is None and row[0].startswith("#") and len(row) != width:
                continue  # a comment
            if now is None:
                now, held, document = Sentence(number), 0, 0
            if now.fault is None:
                now.fault = _fault(builder, line, row, width, number)
            if now.fault is None and held <= item.spec.max_characters:
                now.rows.append(row)
                held += len(row[word])
    if now is not None:
        yield now
    elif document:
        yield _empty_document(document)


def _empty_document(line: int) -> Sentence:
    return Sentence(line, fault=(line, "a document without a sentence"))


def _fault(
    builder: PartBuilder, line: bytes, row: list[str], width: int, number: int
) -> tuple[int, str] | None:
    try:
        builder.decode(line.rstrip(b"\r\n"))
    except BadRow as error:
        return number, str(error)
    if len(row) != width:
        return number, f"{len(row)} fields, other lines have {width}"
    return None
