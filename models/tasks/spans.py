"""`spans`: named entities; a model tags every word."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from mashbill.models.metrics import softmax
from mashbill.models.settings import Fraction
from mashbill.models.tasks import entity_figures
from mashbill.models.tasks.base import Lost, Parser, Task
from mashbill.models.tasks.iob import decode, entities_of, tag_names
from mashbill.models.tasks.names import check_class_names
from mashbill.models.tasks.projection import REASONS, carried
from mashbill.models.tasks.ragged import apart, lengths_of, ragged
from mashbill.models.tasks.single import places_of
from mashbill.models.tasks.span_measuring import SpanMeasuring
from mashbill.models.tasks.span_parser import SpanParser, check_spans
from mashbill.models.tasks.span_places import span_key, span_tags
from mashbill.models.tasks.tag_schemes import OUTSIDE
from mashbill.models.tasks.tagging import NO_TAG, Tagging, all_words

if TYPE_CHECKING:
    from torch import Tensor


class Spans(SpanMeasuring, Tagging, Task):
    """Entities of several types, apart from each other. `labels` are the tags of IOB2, `named` the
    types.

    In tables a label is a list of spans, `start` and `end` in code points of `text`. Gold is a
    ragged array [n], of each row the tags of its words, int16 [words]; None for a row without it.
    Answers are gold that is valid IOB2, see `decode`.
    """

    kind: Literal["spans"] = Field("spans", description="named entities in the text")
    agreement: Fraction = Field(
        1.0,
        description="least share (F1) of the entities of two answers that must be the same for "
        "them to agree; 1: all",
    )

    problem_type: ClassVar[str | None] = None
    chosen_by: ClassVar = ("f1", "macro_f1", "word_accuracy", "agreement", "divergence")
    needs_gold: ClassVar = frozenset({"f1", "macro_f1", "word_accuracy"})
    gold_columns: ClassVar[tuple[str, ...]] = ("label", "text")
    unfit: ClassVar[Mapping[str, str]] = {
        "adv": "its assistant moves the bounds of the words that were labelled",
        "token_mixup": "it mixes words of two texts that have nothing to do with each other",
        "sentence_mixup": "it mixes the vectors of texts, and every word has its own",
    }
    reads_words: ClassVar[bool] = True
    losses: ClassVar = tuple(REASONS)

    @property
    def labels(self) -> tuple[str, ...]:
        return tag_names(self.named)

    @property
    def label_type(self) -> pa.DataType:
        span = [("start", pa.int32()), ("end", pa.int32()), ("label", pa.int16())]
        return pa.list_(pa.struct(span))

    def parser(self, class_names: Sequence[str] = ()) -> Parser:
        return SpanParser(self.named, class_names)

    def check_label(self, label: Sequence[Mapping[str, int]] | None, text: str) -> None:
        check_spans(label or (), text)

    def check_class_names(self, where: str, names: Sequence[str]) -> None:
        """They may name types, or tags."""
        if OUTSIDE in names:
            names = [name.partition("-")[2] for name in names if name != OUTSIDE]
        check_class_names(where, names, self.named)

    def project(
        self,
        label: Sequence[Mapping[str, int]],
        text: str,
        edits: Sequence[tuple[int, int, str]],
    ) -> Any | Lost:
        return carried(label, text, edits)

    def feature(self) -> Any:
        from datasets import ClassLabel, List, Value

        kind = ClassLabel(names=list(self.named))
        return List({"start": Value("int32"), "end": Value("int32"), "label": kind})

    def read(self, column: pa.Array) -> pa.Array:
        """Lists of {start, end, label}, the type by name or index."""
        flat = column.flatten()
        parts = [flat.field(name) for name in ("start", "end")]
        spans = pa.StructArray.from_arrays(
            [
                *(part.cast(pa.int32()) for part in parts),
                places_of(flat.field("label"), self.named),
            ],
            fields=list(self.stored_type.value_type),
        )
        lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        return pa.ListArray.from_arrays(offsets, spans, mask=column.is_null())

    def odd(self, column: pa.Array) -> int:
        for row, spans in enumerate(self.read(column).to_pylist()):
            end = 0
            for span in spans or ():
                known = span["label"] in range(len(self.named))
                if not known or not end <= span["start"] < span["end"]:
                    return row
                end = span["end"]
        return -1

    @property
    def allowed(self) -> str:
        return f"spans of {', '.join(self.named)}, in their order and apart"

    def keys(self, column: pa.Array | pa.ChunkedArray) -> pa.Array:
        keys_of_rows = (None if row is None else repr(row) for row in column.to_pylist())
        return pa.array(keys_of_rows, pa.string())

    def keys_of(self, rows: pa.RecordBatch | pa.Table) -> pa.Array:
        """Texts that differ in white space and letter case only are the same."""
        pairs = zip(rows["text"].to_pylist(), rows["label"].to_pylist(), strict=True)
        return pa.array([span_key(text, label) for text, label in pairs], pa.string())

    def gold(self, column: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Lists of tags."""
        return ragged(
            None if row is None else np.array(row, np.int16) for row in column.to_pylist()
        )

    def gold_of(self, rows: pa.RecordBatch | pa.Table) -> np.ndarray:
        pairs = zip(rows["text"].to_pylist(), rows["label"].to_pylist(), strict=True)
        return ragged(None if spans is None else span_tags(text, spans) for text, spans in pairs)

    def column(self, gold: np.ndarray) -> pa.Array:
        rows = (None if row is None else row.tolist() for row in gold)
        return pa.array(rows, pa.list_(pa.int64()))

    def known(self, gold: "np.ndarray | Tensor") -> "np.ndarray | Tensor":
        if isinstance(gold, np.ndarray):
            return np.array([row is not None for row in gold], bool)
        return (gold != NO_TAG).any(-1)

    def unknown(self, rows: int) -> np.ndarray:
        return np.full(rows, None, object)

    def show(self, label: Sequence[Mapping[str, int]]) -> str:
        kinds = {span["label"] for span in label}
        return ", ".join(self.named[kind] for kind in sorted(kinds)) or "no entity"

    def marks(self, label: Sequence[Mapping[str, int]] | None) -> list[tuple[int, int, str]]:
        return [(one["start"], one["end"], self.named[one["label"]]) for one in label or ()]

    # Answers of a model

    def predict(self, logits: np.ndarray) -> np.ndarray:
        return ragged(map(decode, logits))

    def confidence(self, logits: np.ndarray) -> np.ndarray:
        """Of the least sure word, or the mean over words; 1 without any."""
        least = np.min if self.confidence_of == "least" else np.mean
        sure = apart(softmax(all_words(logits, len(self.labels))).max(axis=1), lengths_of(logits))
        return np.array([least(row) if len(row) else 1.0 for row in sure], np.float32)

    def agree(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """By `agreement`; where a variant has other words than its source, by how many entities
        of each type there are."""
        pairs = zip(first, second, strict=True)
        return np.array([self._agree(*pair) for pair in pairs], bool)

    def _agree(self, first: np.ndarray | None, second: np.ndarray | None) -> bool:
        if first is None or second is None:
            return False
        both = [entities_of(tags) for tags in (first, second)]
        if len(first) != len(second):
            both = [Counter(one.type for one in entities).items() for entities in both]
        return entity_figures.f1_of(*map(set, both)) >= self.agreement

    def soft(self, logits: np.ndarray) -> np.ndarray:
        return ragged(softmax(np.asarray(row, np.float64)) for row in logits)

    def bars(self, logits: Sequence[Sequence[float]]) -> list[tuple[str, float, str]]:
        """Of each entity that is found, the probability of its least sure word."""
        scores = np.array(logits, np.float64).reshape(-1, len(self.labels))
        sure, tags = softmax(scores), decode(scores)
        sureness = [
            (self.named[kind], float(sure[range(start, end), tags[start:end]].min()))
            for start, end, kind in entities_of(tags)
        ]
        return [(name, share, f"{share:.3f}") for name, share in sureness]
