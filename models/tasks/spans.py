"""`spans`: named entities; a model tags every word."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from mashbill.models.tasks.base import Lost, Measure, Parser, Task
from mashbill.models.tasks.iob import tag_names
from mashbill.models.tasks.names import check_class_names
from mashbill.models.tasks.projection import REASONS, carried
from mashbill.models.tasks.span_parser import SpanParser, check_spans
from mashbill.models.tasks.tag_schemes import OUTSIDE


class Spans(Task):
    """Entities of several types, apart from each other. `labels` are the tags of IOB2, `named` the
    types.

    In tables a label is a list of spans, `start` and `end` in code points of `text`. Gold is an
    object array [n], of each row the tags of its words, int16 [words]; None for a row without it.
    """

    kind: Literal["spans"] = Field("spans", description="named entities in the text")

    problem_type: ClassVar[str] = "token_classification"
    measure: ClassVar[Measure] = Measure("f1", "entity F1")
    figures: ClassVar = {}
    chosen_by: ClassVar = ("f1", "agreement", "divergence")
    needs_gold: ClassVar = frozenset({"f1"})
    on_cards: ClassVar = ("f1",)
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

    def keys(self, column: pa.Array | pa.ChunkedArray) -> pa.Array:
        found = (None if row is None else repr(row) for row in column.to_pylist())
        return pa.array(found, pa.string())

    def known(self, gold: np.ndarray) -> np.ndarray:
        return np.array([row is not None for row in gold], bool)

    def unknown(self, rows: int) -> np.ndarray:
        return np.full(rows, None, object)

    def show(self, label: Sequence[Mapping[str, int]]) -> str:
        spans = (f"{self.named[one['label']]} {one['start']}-{one['end']}" for one in label)
        return ", ".join(spans) or "no entity"
