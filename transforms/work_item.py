"""A piece of a corpus that one worker reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.dialect import Dialect
from mashbill.transforms.encodings import PLAIN, Coding
from mashbill.transforms.streams import longest_line
from mashbill.transforms.text_files import ARRAY

MOST_BYTES = {"utf-8": 4, "json": 12}  # of a character; JSON may escape it as a pair of halves


@dataclass(frozen=True)
class WorkItem:
    """A piece of a corpus that one worker reads.

    Attributes:
        spec: the corpus.
        path: the file, or the `hf://` address.
        format: text, jsonl, array, objects, csv, tsv, parquet, conll or hub.
        compression: as Arrow names it; None for none.
        start, stop: bytes of a line-based file, row groups of a Parquet file, rows of a data set;
            a `stop` of None is the end.
        class_names: what the numbers of its label column stand for; empty where it names none.
        stamp: of the file when it was planned, see `stamp_of`; None for a data set.
        coding: of a text file.
        dialect: of a CSV or TSV file.
        partition: values of fields that stand in the names of the folders.
        has_label: whether the file has the label's field, or may have it in some rows.
        has_rows: whether there is anything to read.
    """

    spec: CorpusSpec
    path: str
    format: str
    compression: str | None = None
    start: int = 0
    stop: int | None = None
    class_names: tuple[str, ...] = ()
    stamp: str | None = None
    coding: Coding = PLAIN
    dialect: Dialect | None = None
    partition: Mapping[str, str | None] = field(default_factory=dict)
    has_label: bool = True
    has_rows: bool = True

    @property
    def where(self) -> str:
        return f"corpus {self.spec.name}: {self.path}"

    @property
    def optional(self) -> set[str]:
        """Fields that the file may lack."""
        labels = set(self.spec.label_fields) if self.spec.allow_missing_label else set()
        return labels | self.partition.keys()

    @property
    def prefix(self) -> str:
        """What ijson calls the place of the records."""
        return "item" if self.format == ARRAY else ""

    @property
    def longest_line(self) -> int:
        """Bytes beyond which a line is not read: its texts would be longer than they may be."""
        texts = 1 if self.spec.text_pair is None else 2
        bytes_each = MOST_BYTES["json" if self.format == "jsonl" else "utf-8"]
        return longest_line(texts * self.spec.max_characters, bytes_each)

    @property
    def key(self) -> str:
        return f"{self.path}:{self.start}"
