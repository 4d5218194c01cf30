"""What a label is: in files, between the stages, as numbers, and to a reader."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
import pyarrow as pa
from pydantic import PrivateAttr

from mashbill.models.settings import Section

if TYPE_CHECKING:
    from torch import Tensor

Parser = Callable[[Any], Any]


class Lost(NamedTuple):
    """A label that cannot be carried over to a variant; `reason` names the count."""

    reason: str


class Labelling(Section):
    """Labels in their three forms, see `Task`; n is a number of rows.

    Attributes:
        has_classes: whether a row has one of the labels, so that an index tells it.
        is_exact: whether two labels are the same or not, and not only near each other.
        least_labels: how many there must be.
        reads_words: whether a text may come as a list of its words, with a tag for each.
        losses: reasons for which a variant may lose its label, see `project`.
        gold_columns: what tells a row's gold label.
    """

    has_classes: ClassVar[bool] = False
    is_exact: ClassVar[bool] = True
    least_labels: ClassVar[int] = 1
    reads_words: ClassVar[bool] = False
    losses: ClassVar[tuple[str, ...]] = ()
    gold_columns: ClassVar[tuple[str, ...]] = ("label",)

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


def _arrow_type(feature: Any) -> pa.DataType:
    from datasets import Features

    return Features({"one": feature}).arrow_schema.field("one").type


def as_numpy(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Numbers as they are, null as NaN, whether in one piece or several."""
    if isinstance(column, pa.ChunkedArray):
        return column.to_numpy()
    return column.to_numpy(zero_copy_only=False)
