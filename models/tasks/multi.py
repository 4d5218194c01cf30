"""`multi`: a text has any number of several labels, none too."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, PrivateAttr, StrictStr
from scipy.special import expit

from mashbill.models.balance import missing_classes, too_few_to_measure
from mashbill.models.metrics import expected_calibration_error
from mashbill.models.tasks.base import Calibration, Measure, Parser, Task
from mashbill.models.tasks.multi_figures import best_threshold, ranking_precision
from mashbill.models.tasks.multi_parser import MultiParser
from mashbill.models.tasks.names import check_class_names
from mashbill.models.tasks.single import places_of
from mashbill.models.tasks.softness import PLAIN, Softness

if TYPE_CHECKING:
    from torch import Tensor

THRESHOLDS = "thresholds"  # in config.json: by label, the probability from which it is given


class Multi(Task):
    """Any number of labels a text. Gold is float32 [n, k], 1 where a row has the label; a row
    without gold labels is NaN."""

    kind: Literal["multi"] = Field("multi", description="any number of the labels for each text")
    separator: StrictStr = Field(
        "|", min_length=1, description="separator of the labels in a field that is one text"
    )
    empty: Literal["none", "unlabelled"] = Field(
        "none", description="meaning of an empty text field: `none` of the labels, or `unlabelled`"
    )

    problem_type: ClassVar[str] = "multi_label_classification"
    measure: ClassVar[Measure] = Measure("subset_accuracy", "subset accuracy")
    figures: ClassVar = {
        "micro_f1": "micro F1",
        "macro_f1": "macro F1",
        "lrap": "LRAP",
        "nll": "NLL",
        "brier": "Brier",
        "ece": "ECE",
    }
    on_cards: ClassVar = ("subset_accuracy", "micro_f1", "macro_f1", "lrap", "nll", "ece")
    has_thresholds: ClassVar[bool] = True
    chosen_by: ClassVar = ("micro_f1", "macro_f1", "subset_accuracy", "agreement", "divergence")
    needs_gold: ClassVar = frozenset({"micro_f1", "macro_f1", "subset_accuracy"})

    _thresholds: tuple[float, ...] | None = PrivateAttr(None)

    def calibrated(self, config: Mapping[str, Any]) -> "Multi":
        fitted = config.get(THRESHOLDS)
        if not isinstance(fitted, list) or len(fitted) != len(self.labels):
            return self
        bound = self.model_copy()
        bound._thresholds = tuple(map(float, fitted))
        return bound

    @property
    def thresholds(self) -> np.ndarray:
        """By label, the probability from which it is given."""
        values = self._thresholds or (0.5,) * len(self.labels)
        return np.array(values)

    @property
    def label_type(self) -> pa.DataType:
        return pa.list_(pa.int16())

    def parser(self, class_names: Sequence[str] = ()) -> Parser:
        empty = [] if self.empty == "none" else None
        return MultiParser(self.labels, class_names, self.separator, empty)

    def check_class_names(self, where: str, names: Sequence[str]) -> None:
        check_class_names(where, names, self.labels)

    def feature(self) -> Any:
        from datasets import ClassLabel, List

        return List(ClassLabel(names=list(self.labels)))

    def keys(self, column: pa.Array | pa.ChunkedArray) -> pa.Array:
        keys_of_rows = (
            None if row is None else ",".join(map(str, row)) for row in column.to_pylist()
        )
        return pa.array(keys_of_rows, pa.string())

    def read(self, column: pa.Array) -> pa.Array:
        """Lists of names, of indices, or of flags: floats or booleans, one for each label."""
        inner = column.type.value_type
        if pa.types.is_floating(inner) or pa.types.is_boolean(inner):
            rows = ([i for i, flag in enumerate(row) if flag] if row is not None else None
                    for row in column.to_pylist())  # fmt: skip
            return pa.array(rows, self.stored_type)
        flat = places_of(column.flatten(), self.labels)
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        lists = pa.ListArray.from_arrays(offsets, flat)
        return pc.if_else(column.is_valid(), lists, pa.scalar(None, lists.type))

    def odd(self, column: pa.Array) -> int:
        known = range(len(self.labels))
        for row, (raw, label) in enumerate(
            zip(column.to_pylist(), self.read(column).to_pylist(), strict=True)
        ):
            flags = raw is not None and any(isinstance(one, float | bool) for one in raw)
            if flags and len(raw) != len(self.labels):
                return row
            if label is not None and any(one not in known for one in label):
                return row
        return -1

    def gold(self, column: pa.Array | pa.ChunkedArray) -> np.ndarray:
        flags = np.zeros((len(column), len(self.labels)), np.float32)
        for row, labels in enumerate(column.to_pylist()):
            flags[row, labels or []] = 1
            if labels is None:
                flags[row] = np.nan
        return flags

    def column(self, gold: np.ndarray) -> pa.Array:
        known = self.known(gold).tolist()
        rows = (np.flatnonzero(row == 1).tolist() if there else None
                for row, there in zip(gold, known, strict=True))  # fmt: skip
        return pa.array(rows, pa.list_(pa.int64()))

    def known(self, gold: "np.ndarray | Tensor") -> "np.ndarray | Tensor":
        return gold[:, 0] == gold[:, 0]  # NaN is not

    def unknown(self, rows: int) -> np.ndarray:
        return np.full((rows, len(self.labels)), np.nan, np.float32)

    def show(self, label: Sequence[int]) -> str:
        return ", ".join(self.labels[i] for i in label) or "none"

    def predict(self, logits: np.ndarray) -> np.ndarray:
        return (expit(logits) >= self.thresholds).astype(np.float32)

    def confidence(self, logits: np.ndarray) -> np.ndarray:
        """Of the label that is least sure."""
        probabilities = expit(logits.astype(np.float64))
        return np.maximum(probabilities, 1 - probabilities).min(axis=1).astype(np.float32)

    def agree(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return (first == second).all(axis=1)

    def soft(self, logits: np.ndarray) -> np.ndarray:
        return expit(logits.astype(np.float64))

    def tally(self, gold: np.ndarray) -> np.ndarray:
        """Rows that have each label."""
        return gold[self.known(gold)].sum(axis=0, dtype=np.float64)

    def warnings(self, tally: Sequence[float]) -> list[str]:
        return missing_classes(tally, self.labels)

    def too_few_to_measure(self, split: str, tally: Sequence[float]) -> Iterator[str]:
        return too_few_to_measure(split, tally, self.labels)

    def slices(self, gold: np.ndarray) -> dict[str, np.ndarray]:
        rows_of = {name: np.flatnonzero(gold[:, i] == 1) for i, name in enumerate(self.labels)}
        rows_of["none of the labels"] = np.flatnonzero((gold == 0).all(axis=1))
        return {name: places for name, places in rows_of.items() if len(places)}

    def gold_rows(self, logits: "Tensor", gold: "Tensor") -> "Tensor":
        """Mean over labels of the binary cross-entropy."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        known = self.known(gold)
        rows = binary_cross_entropy_with_logits(logits, gold.nan_to_num(), reduction="none")
        return rows.mean(-1) * known

    def soft_rows(self, teacher: "Tensor", student: "Tensor", how: Softness = PLAIN) -> "Tensor":
        """Mean over labels of the distance between two coins.

        - `kl`: T² · KL(Bernoulli(σ(t/T)) ‖ Bernoulli(σ(s/T))), Hinton et al. 2015 label by label,
          as in Yang et al. 2023, "Multi-Label Knowledge Distillation", section 3.1.
        - `ce`: the same with the cross-entropy; `mse`: of the logits.
        """
        if how.form == "mse":
            return (teacher - student).square().mean(-1)
        teacher = teacher / how.temperature
        factor = how.temperature**2 if how.student_temperature else 1.0
        own = student / how.temperature if how.student_temperature else student
        entropy = _binary_cross_entropy(teacher, teacher)
        crossed = _binary_cross_entropy(teacher, own)
        return factor * (crossed if how.form == "ce" else crossed - entropy).mean(-1)

    def confidence_rows(self, logits: "Tensor") -> "Tensor":
        """Of the label that is least sure."""
        return logits.abs().sigmoid().min(-1).values

    def certainty_rows(self, logits: "Tensor") -> "Tensor":
        """Mean over the labels."""
        return 1 - _binary_cross_entropy(logits, logits).mean(-1) / math.log(2)

    def metrics(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, float]:
        """Figures of the decisions by `thresholds`, and of the probabilities.

        Macro F1 is the mean over labels that occur among the gold ones or the answers, `lrap` the
        label-ranking average precision over rows with a label (Tsoumakas et al. 2010, "Mining
        Multi-label Data", section 7.2), `nll` and `brier` means over rows and labels, `ece` of all
        decisions at 0.5.
        """
        probabilities, answers = self.soft(logits), self.predict(logits)
        hits = (answers * gold).sum(axis=0)
        sums = answers.sum(axis=0) + gold.sum(axis=0)
        of_gold = np.where(gold == 1, probabilities, 1 - probabilities)
        sure = np.maximum(probabilities, 1 - probabilities)
        right = (probabilities >= 0.5) == (gold == 1)
        return {
            "rows": len(gold),
            "subset_accuracy": float(self.agree(answers, gold).mean()),
            "micro_f1": float(2 * hits.sum() / max(1, sums.sum())),
            "macro_f1": float((2 * hits[sums > 0] / sums[sums > 0]).mean()) if sums.any() else 0.0,
            "lrap": ranking_precision(probabilities, gold),
            "nll": float(-np.log(np.maximum(of_gold, 1e-300)).mean()),
            "brier": float(np.square(probabilities - gold).mean()),
            "ece": expected_calibration_error(sure.ravel(), right.ravel()),
        }

    def of_rows(self, logits: np.ndarray, gold: np.ndarray) -> np.ndarray:
        return self.agree(self.predict(logits), gold)

    def likeness(self, teacher: np.ndarray, student: np.ndarray) -> dict[str, float]:
        p, q = self.soft(teacher), self.soft(student)
        apart = p * _log_ratio(p, q) + (1 - p) * _log_ratio(1 - p, 1 - q)
        same = self.agree((p >= 0.5).astype(np.float32), (q >= 0.5).astype(np.float32))
        return {"agreement": float(same.mean()), "divergence": float(apart.mean())}

    def calibrate(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, Any]:
        """A temperature, and by label the threshold of the best F1 on these rows.

        Lipton et al. 2014, "Optimal Thresholding of Classifiers to Maximize F1 Measure". A label
        that no row has keeps one half.
        """
        from mashbill.models.distill.scaling import fit_binary_temperature

        probabilities = self.soft(logits)
        return {
            "temperature": fit_binary_temperature(logits, gold),
            THRESHOLDS: [
                best_threshold(probabilities[:, i], gold[:, i]) for i in range(gold.shape[1])
            ],
        }

    def of_config(self, calibration: Calibration, scales: bool = True) -> dict[str, Any]:
        temperature = {"calibration_temperature": calibration["temperature"]} if scales else {}
        return {THRESHOLDS: calibration[THRESHOLDS], **temperature}

    def scaled(self, logits: np.ndarray, calibration: Calibration) -> np.ndarray:
        return logits / calibration["temperature"]

    def scaled_metrics(
        self, logits: np.ndarray, gold: np.ndarray, calibration: Calibration
    ) -> dict[str, float]:
        """The decisions stay: the thresholds are of the logits as they are."""
        scaled = self.metrics(self.scaled(logits, calibration), gold)
        return self.metrics(logits, gold) | {key: scaled[key] for key in ("nll", "brier", "ece")}


def _binary_cross_entropy(teacher: "Tensor", student: "Tensor") -> "Tensor":
    from torch.nn.functional import binary_cross_entropy_with_logits

    return binary_cross_entropy_with_logits(student, teacher.sigmoid(), reduction="none")


def _log_ratio(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(p, 1e-300)) - np.log(np.maximum(q, 1e-300))
