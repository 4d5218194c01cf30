"""Sets of rows as models meet them: as they are, and under each suite."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from mashbill.models.tasks.base import Task
from mashbill.pipelines.evaluation.sets import TestSet
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.suites.suite import Suite

SHOWN = 3  # texts of each suite


class Condition(NamedTuple):
    """A set of rows, perturbed.

    Attributes:
        before: the same rows as they were.
        changed: which rows are, bool [rows].
        lost: rows that are not, since their labels would have been lost.
    """

    test: TestSet
    suite: Suite | None
    level: int
    before: TestSet
    changed: np.ndarray
    lost: int = 0


def conditions_of(test: TestSet, suites: list[Suite], recipe: Recipe) -> Iterator[Condition]:
    """The set as it is, then under each suite at each level."""
    yield Condition(test, None, 0, test, np.zeros(len(test.texts), bool))
    for suite in suites:
        if suite.kind == "MFT":
            yield _cases(test, suite, recipe)
        for level in range(1, len(suite.levels) + 1):
            other, lost = test.perturbed(suite.variants(test.texts, level), recipe.task)
            pairs = zip(other.texts, test.texts, strict=True)
            changed = np.array([new != old for new, old in pairs])
            yield Condition(other, suite, level, test, changed, lost)


def _cases(test: TestSet, suite: Suite, recipe: Recipe) -> Condition:
    texts = [text for text, _ in suite.cases]
    labels = np.array([recipe.labels.index(label) for _, label in suite.cases])
    blank = [""] * len(texts)
    values = labels.tolist()
    cases = test._replace(
        texts=texts, values=values, labels=labels, corpora=blank, augmenters=blank
    )
    return Condition(cases, suite, 1, cases, np.zeros(len(texts), bool))


def examples(conditions: Sequence[Condition], task: Task) -> list[dict[str, Any]]:
    """A few changed texts of each suite and level on the first set; with `marks`, before and after,
    where their labels name places."""
    first = conditions[0].test
    shown = []
    for condition in conditions:
        if condition.suite is None or condition.test.name != first.name:
            continue
        for place in np.flatnonzero(condition.changed)[:SHOWN].tolist():
            both = [task.marks(test.values[place]) for test in (first, condition.test)]
            shown.append(
                {
                    "suite": condition.suite.name,
                    "level": condition.level,
                    "before": first.texts[place],
                    "after": condition.test.texts[place],
                    **({"marks": both} if any(both) else {}),
                }
            )
    return shown
