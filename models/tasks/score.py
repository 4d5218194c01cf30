"""`score`: a text has a number, or several named ones."""

from collections.abc import Mapping, Sequence
from math import isfinite
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, PrivateAttr, model_validator

from mashbill.models.tasks.base import Measure, Parser, Task, as_numpy
from mashbill.models.tasks.names import BadLabel
from mashbill.models.tasks.softness import PLAIN, Softness

if TYPE_CHECKING:
    from torch import Tensor


class Score(Task):
    """One number a text, or one for each label. Gold is float32 [n, k]; a row without it is NaN.

    Models answer in the units of the files. They are trained on standardised numbers, see
    `Standard`, so that the size of the units does not matter.
    """

    kind: Literal["score"] = Field("score", description="a number for each label")
    bounds: tuple[float, float] | None = Field(
        None,
        description="smallest and largest number; other gold labels are rejects, and answers "
        "are clipped",
    )
    loss: Literal["mse", "huber"] = Field(
        "mse", description="loss on gold labels and on the teacher's numbers"
    )
    huber_delta: float = Field(
        1.0, gt=0, description="distance from which `huber` is linear, in standard deviations"
    )
    tolerance: float | None = Field(
        None,
        gt=0,
        description="largest difference, in the units of the files, of two numbers that "
        "agree; for filter.teacher_agrees",
    )

    problem_type: ClassVar[str] = "regression"
    measure: ClassVar[Measure] = Measure("mae", "MAE", percent=False, higher_is_better=False)
    figures: ClassVar = {"rmse": "RMSE", "pearson": "Pearson", "spearman": "Spearman"}
    on_cards: ClassVar = ("mae", "rmse", "pearson", "spearman")
    chosen_by: ClassVar = ("rmse", "mae", "pearson", "spearman", "agreement", "divergence")
    needs_gold: ClassVar = frozenset({"rmse", "mae", "pearson", "spearman"})
    likeness_names: ClassVar = (
        ("agreement", "correlation with the soft labels"),
        ("divergence", "mean squared distance from them"),
    )
    lower_is_better: ClassVar = frozenset({"rmse", "mae", "divergence"})
    has_confidence: ClassVar[bool] = False
    is_exact: ClassVar[bool] = False
    unfit: ClassVar[Mapping[str, str]] = {
        "sld": "it weighs rows by confidence, which numbers do not have"
    }

    _standard: "Standard | None" = PrivateAttr(None)

    @model_validator(mode="after")
    def _bounds_ascend(self):
        if self.bounds is not None and self.bounds[0] >= self.bounds[1]:
            raise ValueError("bounds: the first must be less than the second")
        return self

    @property
    def names_stand_in_files(self) -> bool:
        return False

    @property
    def needs_tolerance(self) -> bool:
        return self.tolerance is None

    @property
    def label_type(self) -> pa.DataType:
        return pa.float32() if len(self.labels) == 1 else pa.list_(pa.float32(), len(self.labels))

    def parser(self, class_names: Sequence[str] = ()) -> Parser:
        return self._parse

    def _parse(self, value: Any) -> Any:
        values = list(value) if isinstance(value, list | tuple | np.ndarray) else [value]
        numbers = [self._number(one) for one in values]
        if all(number is None for number in numbers):
            return None
        if len(numbers) != len(self.labels):
            raise BadLabel(f"{len(numbers)} numbers for {len(self.labels)} labels")
        if None in numbers:
            missing = self.labels[numbers.index(None)]
            raise BadLabel(f"the number {missing!r} is missing, but others are present")
        return numbers[0] if len(numbers) == 1 else numbers

    def _number(self, value: Any) -> float | None:
        if value is None or value != value or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, bool) or not isinstance(value, Real | str):
            raise BadLabel(f"the label is {type(value).__name__}, not a number")
        try:
            number = float(value)
        except ValueError:
            raise BadLabel(f"label {value[:80]!r} is not a number") from None
        if not isfinite(number) or abs(number) > np.finfo(np.float32).max:
            raise BadLabel(f"label {value!r} is not a finite number")
        if self.bounds is not None and not self.bounds[0] <= number <= self.bounds[1]:
            raise BadLabel(f"label {number:g} is outside {self.bounds[0]:g} to {self.bounds[1]:g}")
        return number

    def feature(self) -> Any:
        from datasets import List, Value

        one = Value("float32")
        return one if len(self.labels) == 1 else List(one, length=len(self.labels))

    def keys(self, column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        if len(self.labels) == 1:
            return column
        return pa.array(None if row is None else repr(row) for row in column.to_pylist())

    def odd(self, column: pa.Array) -> int:
        for row, value in enumerate(column.to_pylist()):
            try:
                self._parse(value)
            except BadLabel:
                return row
        return -1

    @property
    def allowed(self) -> str:
        if self.bounds is None:
            return "numbers"
        return f"numbers from {self.bounds[0]:g} to {self.bounds[1]:g}"

    def gold(self, column: pa.Array | pa.ChunkedArray) -> np.ndarray:
        if len(self.labels) == 1:
            return as_numpy(column.cast(pa.float32())).astype(np.float32).reshape(-1, 1)
        empty = [np.nan] * len(self.labels)
        rows = [empty if row is None else row for row in column.to_pylist()]
        return np.array(rows, np.float32).reshape(-1, len(self.labels))

    def column(self, gold: np.ndarray) -> pa.Array:
        there = self.known(gold)
        if len(self.labels) == 1:
            return pa.array(gold[:, 0].astype(np.float32), pa.float32(), mask=~there)
        rows = [row if known else None for row, known in zip(gold.tolist(), there, strict=True)]
        return pa.array(rows, self.label_type)

    def known(self, gold: "np.ndarray | Tensor") -> "np.ndarray | Tensor":
        return gold[:, 0] == gold[:, 0]  # NaN is not

    def unknown(self, rows: int) -> np.ndarray:
        return np.full((rows, len(self.labels)), np.nan, np.float32)

    def show(self, label: Any) -> str:
        if len(self.labels) == 1:
            return f"{label:.3g}"
        return ", ".join(f"{name} {x:.3g}" for name, x in zip(self.labels, label, strict=True))

    def predict(self, logits: np.ndarray) -> np.ndarray:
        return logits if self.bounds is None else logits.clip(*self.bounds)

    def agree(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether no two numbers are further apart than `tolerance`."""
        tolerance = np.inf if self.tolerance is None else self.tolerance
        return (np.abs(first - second) <= tolerance).all(axis=1)  # false of NaN

    def expected(self, gold: np.ndarray, of_source: np.ndarray) -> np.ndarray:
        """What the teacher says of the source: a variant is not at fault where it misses gold."""
        return of_source

    def soft(self, logits: np.ndarray) -> np.ndarray:
        return self.predict(logits)

    @property
    def rescales(self) -> bool:
        return True

    def fitted(self, tally: np.ndarray, rows: float) -> "Score":
        bound = self.model_copy(update={"bounds": None})  # they are in the units of the files
        bound._standard = Standard.of(tally, rows)
        return bound

    def inward(self, numbers: np.ndarray) -> np.ndarray:
        return numbers if self._standard is None else self._standard.apply(numbers)

    def fold(self, layer: Any) -> None:
        if self._standard is not None:
            self._standard.fold(layer)

    def unfold(self, layer: Any) -> None:
        if self._standard is not None:
            self._standard.unfold(layer)

    @property
    def tallied(self) -> tuple[str, ...]:
        return tuple(f"{what} {name}" for name in self.labels for what in ("mean", "sd"))

    def tally(self, gold: np.ndarray) -> np.ndarray:
        """Sum and sum of squares of each number."""
        known = gold[self.known(gold)].astype(np.float64)
        return np.stack([known.sum(axis=0), np.square(known).sum(axis=0)], axis=1).ravel()

    def balance(self, tally: np.ndarray, rows: int) -> dict[str, int | float]:
        standard = Standard.of(tally, rows or 1)
        pairs = zip(standard.mean.tolist(), standard.sd.tolist(), strict=True)
        numbers = [number for pair in pairs for number in pair]
        return dict(zip(self.tallied, numbers if rows else [0] * len(numbers), strict=True))

    def slices(self, gold: np.ndarray) -> dict[str, np.ndarray]:
        """Thirds of the rows by the mean of their numbers; equal ones are in one."""
        means = gold.mean(axis=1)
        low, high = np.quantile(means, [1 / 3, 2 / 3])
        thirds = {"lowest third": means <= low, "middle third": (means > low) & (means <= high),
                  "highest third": means > high}  # fmt: skip
        return {name: np.flatnonzero(where) for name, where in thirds.items() if where.any()}

    def bars(self, logits: Sequence[float]) -> list[tuple[str, float, str]]:
        """The length is the place between the bounds; without them there is none."""
        values = self.soft(np.array([logits]))[0].tolist()
        least, most = self.bounds or (0.0, np.inf)
        return [
            (name, (value - least) / (most - least), f"{value:.3g}")
            for name, value in zip(self.labels, values, strict=True)
        ]

    def gold_rows(self, logits: "Tensor", gold: "Tensor") -> "Tensor":
        return self._distance(logits, gold.nan_to_num()) * self.known(gold)

    def soft_rows(self, teacher: "Tensor", student: "Tensor", how: Softness = PLAIN) -> "Tensor":
        """As `loss` says; there is no temperature in a number."""
        return self._distance(student, teacher)

    def _distance(self, student: "Tensor", wanted: "Tensor") -> "Tensor":
        from torch.nn.functional import huber_loss

        if self.loss == "huber":
            return huber_loss(student, wanted, reduction="none", delta=self.huber_delta).mean(-1)
        return (student - wanted).square().mean(-1)

    def metrics(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, float]:
        """Over rows and, where there are several, the mean over the numbers."""
        from scipy.stats import rankdata

        gaps = self.predict(logits).astype(np.float64) - gold
        return {
            "rows": len(gold),
            "mae": float(np.abs(gaps).mean()),
            "rmse": float(np.sqrt(np.square(gaps).mean(axis=0)).mean()),
            "pearson": correlation(logits, gold),
            "spearman": correlation(rankdata(logits, axis=0), rankdata(gold, axis=0)),
        }

    def of_rows(self, logits: np.ndarray, gold: np.ndarray) -> np.ndarray:
        return np.abs(self.predict(logits).astype(np.float64) - gold).mean(axis=1)

    def likeness(self, teacher: np.ndarray, student: np.ndarray) -> dict[str, float]:
        """`agreement` is Pearson's correlation, `divergence` the mean squared distance."""
        gaps = self.predict(teacher).astype(np.float64) - self.predict(student)
        return {
            "agreement": correlation(teacher, student),
            "divergence": float(np.square(gaps).mean()),
        }


class Standard:
    """Mean and standard deviation of each number over the train rows, float64 [k]."""

    def __init__(self, mean: Sequence[float], sd: Sequence[float]):
        self.mean = np.asarray(mean, np.float64)
        self.sd = np.asarray(sd, np.float64)

    @classmethod
    def of(cls, tally: Sequence[float], rows: float) -> "Standard":
        """From what `Score.tally` gives of so many rows; a number that never changes has sd 1."""
        sums, squares = np.asarray(tally, np.float64).reshape(-1, 2).T
        mean = sums / rows
        variance = np.maximum(squares / rows - np.square(mean), 0)
        flat = variance <= 1e-12 * np.maximum(1, np.square(mean))
        return cls(mean, np.where(flat, 1.0, np.sqrt(variance)))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Numbers in units of the files to standardised ones, float32 [n, k]."""
        return ((values - self.mean) / self.sd).astype(np.float32)

    def fold(self, layer: Any) -> None:
        """Makes a linear layer that gives standardised numbers give those of the files."""
        self._rescale(layer, self.sd, self.mean)

    def unfold(self, layer: Any) -> None:
        """The reverse of `fold`."""
        self._rescale(layer, 1 / self.sd, -self.mean / self.sd)

    def _rescale(self, layer: Any, factor: np.ndarray, offset: np.ndarray) -> None:
        import torch

        with torch.no_grad():
            scale = torch.tensor(factor, dtype=torch.float64)
            layer.weight.copy_(layer.weight.double() * scale[:, None])
            bias = 0 if layer.bias is None else layer.bias.double() * scale
            if layer.bias is None:
                layer.bias = torch.nn.Parameter(layer.weight.new_zeros(len(scale)))
            layer.bias.copy_(bias + torch.tensor(offset))


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Mean over columns of Pearson's r; 0 of a column that never changes: nothing goes with it."""
    first, second = (x - x.mean(axis=0) for x in (first.astype(np.float64), second))
    scale = np.sqrt(np.square(first).sum(axis=0) * np.square(second).sum(axis=0))
    return float(((first * second).sum(axis=0) / np.maximum(scale, 1e-30)).mean())
