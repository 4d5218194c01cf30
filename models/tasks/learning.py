"""What models of a task are trained on: units, losses of rows, and what the rows should have."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mashbill.models.settings import Section
from mashbill.models.tasks.softness import PLAIN, Softness

if TYPE_CHECKING:
    from torch import Tensor


class Learning(Section):
    """Tensors are float32, gold as `Labelling.gold` gives it; n is a number of rows.

    Attributes:
        problem_type: what config.json calls the task; None for what it has no name for.
        chosen_by: figures of the validation split that may choose a checkpoint; the first does,
            where rows have gold labels.
        needs_gold: those of them that need gold labels.
        unfit: objectives and mixing of a student that make no sense here, and why.
    """

    problem_type: ClassVar[str | None]
    chosen_by: ClassVar[tuple[str, ...]]
    needs_gold: ClassVar[frozenset[str]]
    unfit: ClassVar[Mapping[str, str]] = {}

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

    def warnings(self, tally: Sequence[float]) -> list[str]:
        """What a training on such rows should say first."""
        return []

    def chooses_by(self, tally: Sequence[float]) -> str:
        """The figure that by default chooses a checkpoint, by the tally of the train rows."""
        return self.chosen_by[0]

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
