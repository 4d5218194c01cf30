"""Whether cascades of a student and its teacher keep on test what validation promised."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mashbill.models.deferral import (
    Deferral,
    Promise,
    agreeing,
    answers_alone,
    certainty,
    curve,
    kept_with,
)
from mashbill.models.significance import interval
from mashbill.models.tasks.base import Task


class Player(NamedTuple):
    """A model on the data set's own test rows.

    Attributes:
        about: see `models` in evaluation.json.
        task: with the model's thresholds.
        config: of the model.
        logits: of the rows.
    """

    about: Mapping[str, Any]
    task: Task
    config: Mapping[str, Any]
    logits: np.ndarray


def cascades(
    players: Mapping[str, Player], gold: np.ndarray, student: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """Of each model that keeps a cascade with the teacher, and a line for one that should.

    Args:
        players: the teacher first.
        student: the name of the recipe's own.
    """
    (_, teacher), *others = players.items()
    if not (teacher.task.has_confidence and teacher.task.is_exact):
        return [], []
    kept_cascades, warnings = [], []
    for name, player in others:
        kept = kept_with(player.about["path"])
        if kept is None and name == student:
            warnings.append(
                f"{name}: metrics.json has no cascade; distil the student again to fit one"
            )
        elif kept is not None and kept.teacher not in (None, teacher.about["weights"]):
            warnings.append(f"{name}: its cascade was fitted with another teacher and is left out")
        elif kept is not None:
            kept_cascades.append({"model": name, **checked(kept, player, teacher, gold)})
    return kept_cascades, warnings


def checked(kept: Deferral, student: Player, teacher: Player, gold: np.ndarray) -> dict[str, Any]:
    """The promises on test rows, and the curve of validation and test."""
    said = teacher.task.predict(teacher.logits)
    agrees = student.task.agree(student.task.predict(student.logits), said)
    confidence = certainty(student.task, student.logits, student.config)
    return {
        "rows": {"validation": kept.rows, "test": len(gold)},
        "promises": [
            _on_test(one, confidence, agrees, student, teacher, gold) for one in kept.promises
        ],
        "curve": {
            "validation": [point.model_dump() for point in kept.curve],
            "test": [point.model_dump() for point in curve(confidence, agrees)],
        },
    }


def _on_test(
    promise: Promise,
    confidence: np.ndarray,
    agrees: np.ndarray,
    student: Player,
    teacher: Player,
    gold: np.ndarray,
) -> dict[str, Any]:
    alone = answers_alone(confidence, promise.confidence)
    agreement = interval(agreeing(agrees, alone))
    right = [player.task.of_rows(player.logits, gold) for player in (student, teacher)]
    return {
        **promise.model_dump(),
        "test": {
            "share": interval(alone)._asdict(),
            "agreement": agreement._asdict(),
            student.task.measure.key: interval(np.where(alone, *right))._asdict(),
        },
        "kept": agreement.high >= promise.agreement,
        "cost": cost(student.about["speed"], teacher.about["speed"], float(alone.mean())),
    }


def cost(
    student: Mapping[str, float], teacher: Mapping[str, float], alone: float
) -> dict[str, float]:
    """Of the student for all rows and the teacher for the rest, as a multiple of the teacher alone.

    Args:
        student, teacher: see `speed` in evaluation.json.
        alone: the share of the rows that the student answers; without any it is not asked.

    Returns:
        `latency` of one text at a time, in the mean over texts, and `seconds` of many together.
    """
    if not alone:
        return {"latency": 1.0, "seconds": 1.0}
    return {
        "latency": student["p50_ms"] / teacher["p50_ms"] + 1 - alone,
        "seconds": teacher["rows_per_second"] / student["rows_per_second"] + 1 - alone,
    }
