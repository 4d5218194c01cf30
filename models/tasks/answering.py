"""What a model answers in a task: read from its numbers, compared, and shown."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from mashbill.models.settings import Section


class Answering(Section):
    """Answers have the form of gold labels; n is a number of rows, k that of the task's labels.

    Attributes:
        has_confidence: whether an answer says how sure it is.
        has_thresholds: whether `calibrate` finds some, which decide the answers.
    """

    has_confidence: ClassVar[bool] = True
    has_thresholds: ClassVar[bool] = False

    @property
    def needs_tolerance(self) -> bool:
        """Whether it is not said yet when two answers agree."""
        return False

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

    def bars(self, logits: Sequence[float]) -> list[tuple[str, float, str]]:
        """One answer for a reader: label, a length from 0 to 1, and what stands beside it."""
        shares = self.soft(np.array([logits]))[0].tolist()
        return [(name, one, f"{one:.3f}") for name, one in zip(self.labels, shares, strict=True)]
