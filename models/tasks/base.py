"""The contract of a task: all that the rest of the program knows of labels.

Labels take three forms. In a table they are a column of `label_type`. In arrays and tensors they
are *gold*: numbers to compute with, of the task's own shape, in which `known` tells the rows that
have a label. To a reader they are a text, see `show`.

Torch is imported by the methods that need it, so that a recipe is read without it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
import pyarrow as pa
from pydantic import PrivateAttr

from mashbill.models.tasks.reading import Reading
from mashbill.models.tasks.softness import PLAIN, Softness

if TYPE_CHECKING:
    from torch import Tensor

Parser = Callable[[Any], Any]
Calibration = Mapping[str, Any]


class Measure(NamedTuple):
    """What is measured of every row, whose mean is a model's main figure.

    Attributes:
        key: of the figure, in metrics and in evaluation.json.
        name: for a reader.
        percent: whether it is a share.
        higher_is_better: whether more of it is better.
    """

    key: str
    name: str
    percent: bool = True
    higher_is_better: bool = True


class Lost(NamedTuple):
    """A label that cannot be carried over to a variant; `reason` names the count."""

    reason: str


class Task(Reading):
    """Base class; n is a number of rows, k the number of the task's labels.

    Attributes:
        problem_type: what config.json calls the task; None for what it has no name for.
        measure: the main figure.
        figures: the others, by key, with their names.
        chosen_by: figures of the validation split that may choose a checkpoint; the first does,
            where rows have gold labels.
        needs_gold: those of them that need gold labels.
        lower_is_better: those of them of which less is better.
        on_cards: figures that a student's card shows.
        likeness_names: what `likeness` gives, with its names.
        has_thresholds: whether `calibrate` finds some, which decide the answers.
        has_confidence: whether an answer says how sure it is.
        has_classes: whether a row has one of the labels, so that an index tells it.
        is_exact: whether two labels are the same or not, and not only near each other.
        least_labels: how many there must be.
        reads_words: whether a text may come as a list of its words, with a tag for each.
        losses: reasons for which a variant may lose its label, see `project`.
        gold_columns: what tells a row's gold label.
        unfit: objectives and mixing of a student that make no sense here, and why.
    """

    problem_type: ClassVar[str | None]
    measure: ClassVar[Measure]
    figures: ClassVar[Mapping[str, str]]
    chosen_by: ClassVar[tuple[str, ...]]
    needs_gold: ClassVar[frozenset[str]]
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"divergence"})
    on_cards: ClassVar[tuple[str, ...]]
    likeness_names: ClassVar[tuple[tuple[str, str], ...]] = (
        ("agreement", "agreement with the soft labels"),
        ("divergence", "KL(soft labels ‖ student)"),
    )
    has_thresholds: ClassVar[bool] = False
    has_confidence: ClassVar[bool] = True
    has_classes: ClassVar[bool] = False
    is_exact: ClassVar[bool] = True
    least_labels: ClassVar[int] = 1
    reads_words: ClassVar[bool] = False
    losses: ClassVar[tuple[str, ...]] = ()
    gold_columns: ClassVar[tuple[str, ...]] = ("label",)
    unfit: ClassVar[Mapping[str, str]] = {}

    _labels: tuple[str, ...] = PrivateAttr(())

    @property
    def named(self) -> tuple[str, ...]:
        """The labels of the recipe."""
        return self._labels

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of what a model answers, in the order of its numbers."""
        return self.named

    def over(self, labels: Sequence[str]) -> Self:
        """The task with these labels; raises ValueError if it cannot have them."""
        if len(labels) < self.least_labels:
            raise ValueError(f"a task of the kind {self.kind} has {self.least_labels} or more")
        bound = self.model_copy()
        bound._labels = tuple(labels)
        return bound

    def calibrated(self, config: Mapping[str, Any]) -> Self:
        """The task with what decides the answers of the model that has this config.json."""
        return self

    @property
    def needs_tolerance(self) -> bool:
        """Whether it is not said yet when two answers agree."""
        return False

    @property
    def names_stand_in_files(self) -> bool:
        """Whether a data set that others wrote tells the names of the labels."""
        return True

    def project(self, label: Any, text: str, edits: Sequence[tuple[int, int, str]]) -> Any | Lost:
        """A value of the column `label`, as a variant has it.

        Args:
            label: of the source, not null.
            text: of the source.
            edits: that made the variant, sorted and apart: each puts a text in the place of
                `text[start:end]`.
        """
        return label

    # From files, and to files

    @property
    def label_type(self) -> pa.DataType:
        """Of the column `label` between the stages; null where a row has no label."""
        raise NotImplementedError

    def parser(self, class_names: Sequence[str] = ()) -> Parser:
        """What turns a field's value into one of the column `label`; None for no label.

        Several fields come as a tuple. The parser raises `BadLabel` for what is none.

        Args:
            class_names: of the file, which its numbers stand for; empty where it names none.
        """
        raise NotImplementedError

    def check_label(self, label: Any, text: str) -> None:
        """Raises `BadLabel` for one that says of the text what is not there."""

    def check_class_names(self, where: str, names: Sequence[str]) -> None:
        """Raises MashbillError for a class of a file's metadata that the task does not have."""

    def feature(self) -> Any:
        """The columns of labels in the files, as `datasets` names them."""
        raise NotImplementedError

    @property
    def stored_type(self) -> pa.DataType:
        """Of the column `label` in the files."""
        return _arrow_type(self.feature())

    @property
    def stored_answer_type(self) -> pa.DataType:
        """Of the column `teacher_label` in the files."""
        return _arrow_type(self.answer_feature())

    def read(self, column: pa.Array) -> pa.Array:
        """A column of gold labels as others may have written it, as `stored_type`."""
        return column.cast(self.stored_type)

    def odd(self, column: pa.Array) -> int:
        """The first row of such a column that holds no label of the task; -1 for none."""
        raise NotImplementedError

    @property
    def allowed(self) -> str:
        """What labels there are, for an error."""
        return ", ".join(self.labels)

    def keys(self, column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """Scalars that can be sorted, equal where labels are the same."""
        return column

    def keys_of(self, rows: pa.RecordBatch | pa.Table) -> pa.Array | pa.ChunkedArray:
        """The same for rows with texts, equal where labels say the same of the same text."""
        return self.keys(rows["label"])

    def gold(self, column: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """A column of labels, or of answers, as numbers, first axis n."""
        raise NotImplementedError

    def gold_of(self, rows: pa.RecordBatch | pa.Table) -> np.ndarray:
        """The gold labels of rows, which have all of `gold_columns`."""
        return self.gold(rows["label"])

    def column(self, gold: np.ndarray) -> pa.Array:
        """Answers as a column, as the files have it."""
        raise NotImplementedError

    def known(self, gold: "np.ndarray | Tensor") -> "np.ndarray | Tensor":
        """Which rows have a label, bool [n]."""
        raise NotImplementedError

    def show(self, label: Any) -> str:
        """A value of the column `label`, for a reader."""
        raise NotImplementedError

    def marks(self, label: Any) -> list[tuple[int, int, str]]:
        """Places of the text that such a value names, for a reader: start, end and name."""
        return []

    # Answers of a model

    def predict(self, logits: np.ndarray) -> np.ndarray:
        """The answers, in the form of gold labels."""
        raise NotImplementedError

    def confidence(self, logits: np.ndarray) -> np.ndarray:
        """How sure each answer is, float32 [n], 0 to 1."""
        raise NotImplementedError

    def agree(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether two labels are the same, or near enough, bool [n]; False where one is unknown."""
        raise NotImplementedError

    def gold_or(self, gold: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """Gold labels and, of the rows without one, the answers."""
        known = self.known(gold)
        return np.where(known.reshape(-1, *[1] * (gold.ndim - 1)), gold, answers)

    def expected(self, gold: np.ndarray, of_source: np.ndarray) -> np.ndarray:
        """What the teacher should say of each variant, in the form of gold labels.

        Args:
            gold: of the variants' sources.
            of_source: the teacher's answers to the sources; unknown where there is no source.
        """
        return self.gold_or(gold, of_source)

    def unknown(self, rows: int) -> np.ndarray:
        """Gold of rows without labels."""
        raise NotImplementedError

    def soft(self, logits: np.ndarray) -> np.ndarray:
        """A reader's view of the numbers a model gives: probabilities, or the scores; [n, k]."""
        raise NotImplementedError

    # What models are trained on

    @property
    def rescales(self) -> bool:
        """Whether models are trained in other units than those of the files."""
        return False

    def fitted(self, tally: np.ndarray, rows: float) -> Self:
        """The task in the units that a training on such rows uses."""
        return self

    def inward(self, numbers: np.ndarray) -> np.ndarray:
        """Gold labels or a teacher's numbers, from the files' units to those of a training."""
        return numbers

    def fold(self, layer: Any) -> None:
        """Makes the layer that answers in a training's units answer in those of the files."""

    def unfold(self, layer: Any) -> None:
        """The reverse of `fold`."""

    # What a split holds

    @property
    def confused(self) -> tuple[str, ...]:
        """Names of the rows and columns of the `confusion` among `details`, where it is there."""
        return self.labels

    @property
    def tallied(self) -> tuple[str, ...]:
        """What `tally` counts, for the header of a table."""
        return self.labels

    def balance(self, tally: np.ndarray, rows: int) -> dict[str, int | float]:
        """A tally of so many labelled rows, for a table: `tallied` to a number."""
        return dict(zip(self.tallied, np.rint(tally).astype(int).tolist(), strict=True))

    def tally(self, gold: np.ndarray) -> np.ndarray:
        """What is known of all rows together, float64 [len(tallied)]; of parts, the sums count."""
        raise NotImplementedError

    def warnings(self, tally: Sequence[float]) -> list[str]:
        """What a training on such rows should say first."""
        return []

    def too_few_to_measure(self, split: str, tally: Sequence[float]) -> Iterator[str]:
        """What to say of a split in which some labels hardly occur."""
        yield from ()

    def chooses_by(self, tally: Sequence[float]) -> str:
        """The figure that by default chooses a checkpoint, by the tally of the train rows."""
        return self.chosen_by[0]

    # Training; tensors are float32, gold as `gold` gives it

    def gold_rows(self, logits: "Tensor", gold: "Tensor") -> "Tensor":
        """The loss of each row against its gold label, [n]; 0 for a row without one."""
        raise NotImplementedError

    def soft_rows(self, teacher: "Tensor", student: "Tensor", how: Softness = PLAIN) -> "Tensor":
        """The loss of each row against the teacher's answer, [n]."""
        raise NotImplementedError

    def confidence_rows(self, logits: "Tensor") -> "Tensor":
        """How sure each answer is, [n], 0 to 1."""
        raise NotImplementedError

    def certainty_rows(self, logits: "Tensor") -> "Tensor":
        """1 minus the entropy of each answer as a share of the largest, [n]."""
        raise NotImplementedError

    def divergence_rows(self, teacher: "Tensor", student: "Tensor") -> "Tensor":
        """How far two models' answers are apart, [n]; 0 where they are the same."""
        return self.soft_rows(teacher, student)

    # Figures

    def metrics(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, float]:
        """Of at least one row with a label: `rows`, the main figure and `figures`."""
        raise NotImplementedError

    @property
    def card_columns(self) -> list[tuple[str, str]]:
        """Key and title of the figures on a student's card."""
        names = {self.measure.key: self.measure.name, **self.figures}
        return [*((key, names[key]) for key in self.on_cards), *self.likeness_names]

    def slices(self, gold: np.ndarray) -> dict[str, np.ndarray]:
        """Places of the rows that share something of their labels, by a name for it."""
        raise NotImplementedError

    def memory(self, train: Iterator[pa.RecordBatch]) -> Any:
        """What `parts` has to know of the labelled train rows, which have `gold_columns`."""
        return None

    def parts(
        self, texts: Sequence[str], logits: np.ndarray, gold: np.ndarray, memory: Any
    ) -> Iterator[tuple[str, str, int, np.ndarray]]:
        """Slices of labels, not of rows: what it goes by, a name, how many labels there are, and
        the main figure as `of_rows` gives it."""
        yield from ()

    def bars(self, logits: Sequence[float]) -> list[tuple[str, float, str]]:
        """One answer for a reader: label, a length from 0 to 1, and what stands beside it."""
        shares = self.soft(np.array([logits]))[0].tolist()
        return [(name, one, f"{one:.3f}") for name, one in zip(self.labels, shares, strict=True)]

    def resampled(
        self, logits: np.ndarray, gold: np.ndarray
    ) -> Callable[[np.ndarray], dict[str, float]]:
        """What gives `figures` of the rows at some places, any number of times."""

        def figures(rows: np.ndarray) -> dict[str, float]:
            found = self.metrics(logits[rows], gold[rows])
            return {key: found[key] for key in self.figures}

        return figures

    def details(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, Any]:
        """What evaluation.json has of a model beside its figures, by key."""
        return {}

    def of_rows(self, logits: np.ndarray, gold: np.ndarray) -> np.ndarray:
        """The main figure of each row, bool or float64 [n]."""
        raise NotImplementedError

    def likeness(self, teacher: np.ndarray, student: np.ndarray) -> dict[str, float]:
        """How near a student's logits are to its teacher's: `agreement` and `divergence`."""
        raise NotImplementedError

    def calibrate(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, Any]:
        """What makes a model's answers better without training, fitted on rows it has not seen."""
        return {}

    def of_config(self, calibration: Calibration, scales: bool = True) -> dict[str, Any]:
        """What a model's config.json keeps of a calibration.

        Args:
            scales: with what only changes how sure the answers are.
        """
        return {}

    def scaled(self, logits: np.ndarray, calibration: Calibration) -> np.ndarray | None:
        """Logits after `calibrate`; None where that scales nothing."""
        return None

    def scaled_metrics(
        self, logits: np.ndarray, gold: np.ndarray, calibration: Calibration
    ) -> dict[str, float]:
        """`metrics` of the logits after `calibrate`."""
        return self.metrics(self.scaled(logits, calibration), gold)


def _arrow_type(feature: Any) -> pa.DataType:
    from datasets import Features

    return Features({"one": feature}).arrow_schema.field("one").type


def as_numpy(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Numbers as they are, null as NaN, whether in one piece or several."""
    if isinstance(column, pa.ChunkedArray):
        return column.to_numpy()
    return column.to_numpy(zero_copy_only=False)
