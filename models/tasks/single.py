"""`single`: a text has one of several classes, the default."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from mashbill.models.balance import is_uneven, missing_classes, too_few_to_measure
from mashbill.models.metrics import classification_metrics, confusion, softmax
from mashbill.models.tasks.base import Calibration, Measure, Parser, Task, as_numpy
from mashbill.models.tasks.names import LabelParser, check_class_names
from mashbill.models.tasks.softness import PLAIN, Softness

if TYPE_CHECKING:
    from torch import Tensor

NO_LABEL = -100  # gold of a row without a class


class Single(Task):
    """One class a text. Gold is int64 [n], the class's index."""

    kind: Literal["single"] = Field(
        "single", description="exactly one of several classes for each text"
    )

    problem_type: ClassVar[str] = "single_label_classification"
    measure: ClassVar[Measure] = Measure("accuracy", "accuracy")
    figures: ClassVar = {
        "macro_f1": "macro F1",
        "nll": "NLL",
        "brier": "Brier",
        "ece": "ECE",
        "worst_class": "worst class",
    }
    on_cards: ClassVar = ("accuracy", "macro_f1", "nll", "ece")
    chosen_by: ClassVar = ("accuracy", "macro_f1", "agreement", "divergence")
    needs_gold: ClassVar = frozenset({"accuracy", "macro_f1"})
    has_classes: ClassVar[bool] = True
    least_labels: ClassVar[int] = 2

    @property
    def label_type(self) -> pa.DataType:
        return pa.int16()

    def parser(self, class_names: Sequence[str] = ()) -> Parser:
        return LabelParser(self.labels, class_names)

    def check_class_names(self, where: str, names: Sequence[str]) -> None:
        check_class_names(where, names, self.labels)

    def feature(self) -> Any:
        from datasets import ClassLabel

        return ClassLabel(names=list(self.labels))

    def read(self, column: pa.Array) -> pa.Array:
        """Names to their places; anything else as it is."""
        return places_of(column, self.labels)

    def odd(self, column: pa.Array) -> int:
        if pa.types.is_floating(column.type):
            odd = pc.and_(column.is_valid(), pc.not_equal(pc.floor(column), column))
        else:
            indices = self.read(column)
            within = pc.and_(pc.greater_equal(indices, 0), pc.less(indices, len(self.labels)))
            odd = pc.and_(column.is_valid(), pc.invert(pc.fill_null(within, False)))
        return pc.index(pc.fill_null(odd, False), True).as_py()

    @property
    def allowed(self) -> str:
        return f"0 to {len(self.labels) - 1}, or {', '.join(self.labels)}"

    def gold(self, column: pa.Array | pa.ChunkedArray) -> np.ndarray:
        return as_numpy(pc.fill_null(column.cast(pa.int64()), NO_LABEL))

    def column(self, gold: np.ndarray) -> pa.Array:
        return pa.array(gold, pa.int64(), mask=gold == NO_LABEL)

    def known(self, gold: "np.ndarray | Tensor") -> "np.ndarray | Tensor":
        return gold != NO_LABEL

    def unknown(self, rows: int) -> np.ndarray:
        return np.full(rows, NO_LABEL)

    def show(self, label: int) -> str:
        return self.labels[label]

    def predict(self, logits: np.ndarray) -> np.ndarray:
        return logits.argmax(axis=1)

    def confidence(self, logits: np.ndarray) -> np.ndarray:
        return softmax(logits).max(axis=1).astype(np.float32)

    def agree(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return (first == second) & self.known(first)

    def soft(self, logits: np.ndarray) -> np.ndarray:
        return softmax(logits)

    def tally(self, gold: np.ndarray) -> np.ndarray:
        """Rows of each class."""
        known = gold[self.known(gold)]
        return np.bincount(known, minlength=len(self.labels)).astype(np.float64)

    def warnings(self, tally: Sequence[float]) -> list[str]:
        return missing_classes(tally, self.labels)

    def too_few_to_measure(self, split: str, tally: Sequence[float]) -> Iterator[str]:
        return too_few_to_measure(split, tally, self.labels)

    def chooses_by(self, tally: Sequence[float]) -> str:
        return "macro_f1" if is_uneven(tally) else "accuracy"

    def slices(self, gold: np.ndarray) -> dict[str, np.ndarray]:
        return {self.labels[i]: np.flatnonzero(gold == i) for i in np.unique(gold).tolist()}

    def gold_rows(self, logits: "Tensor", gold: "Tensor") -> "Tensor":
        from mashbill.models.distill.losses import gold_loss

        return gold_loss(logits, gold)

    def soft_rows(self, teacher: "Tensor", student: "Tensor", how: Softness = PLAIN) -> "Tensor":
        from mashbill.models.distill.losses import soft_loss

        return soft_loss(teacher, student, **how._asdict())

    def confidence_rows(self, logits: "Tensor") -> "Tensor":
        return logits.softmax(-1).max(-1).values

    def certainty_rows(self, logits: "Tensor") -> "Tensor":
        from mashbill.models.distill.losses import certainty

        return certainty(logits)

    def divergence_rows(self, teacher: "Tensor", student: "Tensor") -> "Tensor":
        from mashbill.models.distill.losses import divergence

        return divergence(teacher, student)

    def metrics(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, float]:
        return classification_metrics(logits, gold)

    def details(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, Any]:
        """`confusion`: rows by gold class and answer."""
        cells = confusion(self.predict(logits), gold, len(self.labels))
        return {"confusion": cells.tolist()}

    def of_rows(self, logits: np.ndarray, gold: np.ndarray) -> np.ndarray:
        return self.predict(logits) == gold

    def likeness(self, teacher: np.ndarray, student: np.ndarray) -> dict[str, float]:
        p, q = softmax(teacher), softmax(student)
        log = np.log(np.maximum(p, 1e-300)) - np.log(np.maximum(q, 1e-300))
        return {
            "agreement": float((p.argmax(1) == q.argmax(1)).mean()),
            "divergence": float((p * log).sum(1).mean()),
        }

    def calibrate(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, Any]:
        from mashbill.models.distill.scaling import fit_temperature

        return {"temperature": fit_temperature(logits, gold)}

    def of_config(self, calibration: Calibration, scales: bool = True) -> dict[str, Any]:
        return {"calibration_temperature": calibration["temperature"]} if scales else {}

    def scaled(self, logits: np.ndarray, calibration: Calibration) -> np.ndarray:
        return logits / calibration["temperature"]


def places_of(column: pa.Array, labels: Sequence[str]) -> pa.Array:
    """Names to their places among the labels, null for others; numbers as they are."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column.cast(pa.int64())
    return pc.index_in(column.cast(pa.string()), pa.array(labels)).cast(pa.int64())
