"""What every filter is: parameters, the columns that it reads, and which rows go, by reason."""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa

from mashbill.models.references import ModelRef
from mashbill.models.settings import Section
from mashbill.models.tasks.base import Task


class Filter(Section):
    """Drops rows; made from its parameters, and never changed.

    A filter of variants runs in the first stage behind which all columns that it reads are there.
    One of sources runs before these are augmented, and reads what the corpus gives.

    Attributes:
        kind: its name in a recipe.
        reads: columns.
        reasons: for which it drops rows; each is counted by itself.
        of_sources, of_variants: which rows it may drop.
        uses_model: runs where the accelerators are.
    """

    kind: str
    reads: ClassVar[tuple[str, ...]] = ("text", "text_pair")
    reasons: ClassVar[tuple[str, ...]]
    of_sources: ClassVar[bool] = False
    of_variants: ClassVar[bool] = True
    uses_model: ClassVar[bool] = False

    @property
    def encoder(self) -> str | None:
        """The sentence encoder that measures what it reads."""
        return None

    def bound(self, language: str, task: Task) -> Self:
        """The same for texts of a language and labels of a task; itself where it asks neither."""
        del language, task
        return self

    def needs(self) -> list[ModelRef]:
        """The models that must be there."""
        return [] if self.encoder is None else [ModelRef(self.encoder, "encoder")]

    def load(self) -> None:
        """Loads models of its own; raises MashbillError where one of them cannot be loaded."""

    def drops(self, batch: pa.RecordBatch) -> Mapping[str, np.ndarray]:
        """Reason to a bool mask [rows], True where the row goes.

        Args:
            batch: sources with, behind them, their variants; of rows that are not its own a filter
                may say anything.
        """
        raise NotImplementedError
