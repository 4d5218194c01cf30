"""What the data bought: the student against the same student that learned from something less."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mashbill.models.significance import interval
from mashbill.transforms.suites.registry import CLEAN
from mashbill.transforms.suites.suite import Suite, trained_by

STUDENT = "student"
TRAINED, UNSEEN = "trained", "unseen"  # noise that the recipe's augmenters make, and other noise


class Bought:
    """Collects, condition by condition, the main figure of the student's and the baseline's rows.

    Args:
        baseline: name of the model that the student is held against; None: nothing is collected.
        methods: of the recipe that made the data; they tell which suites are trained.
    """

    def __init__(self, baseline: str | None, methods: list[dict]):
        self.baseline, self.methods = baseline, methods
        self.pairs: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {}

    def add(self, suite: Suite | None, level: int, of_rows: dict[str, np.ndarray]) -> None:
        """One condition of the data set's own test rows; INV suites count at their last level.

        Args:
            of_rows: model to `Task.of_rows`.
        """
        if not {STUDENT, self.baseline} <= of_rows.keys():
            return
        pair = of_rows[STUDENT], of_rows[self.baseline]
        if suite is None:
            self.pairs.setdefault(CLEAN, {})[CLEAN] = pair
        elif suite.kind == "INV" and level == len(suite.levels):
            under = TRAINED if trained_by(suite, self.methods) else UNSEEN
            self.pairs.setdefault(under, {})[suite.name] = pair

    def figures(self) -> dict[str, Any]:
        """Main figures on clean rows and, as means over suites, under noise; of nothing without a
        student or its baseline.

        Intervals resample rows, each with what it shows under all suites, as these are not
        independent of each other.
        """
        compared = []
        for under in (CLEAN, TRAINED, UNSEEN):
            if pairs := self.pairs.get(under):
                student, baseline = (_mean(column) for column in zip(*pairs.values(), strict=True))
                compared.append(
                    {
                        "under": under,
                        "suites": [name for name in pairs if name != CLEAN],
                        "student": interval(student)._asdict(),
                        "baseline": interval(baseline)._asdict(),
                        "difference": interval(student * 1.0 - baseline)._asdict(),
                    }
                )
        return {"student": STUDENT, "baseline": self.baseline, "under": compared}


def _mean(columns: Sequence[np.ndarray]) -> np.ndarray:
    return columns[0] if len(columns) == 1 else np.mean(columns, axis=0)
