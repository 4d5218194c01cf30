"""From which confidence a student may answer alone while its teacher answers the rest.

The student's answers count as right where the teacher's are the same; what the teacher answers
itself always agrees with it. So the fewer rows the student answers alone, the more of all rows
agree: a threshold of confidence as in selective prediction (Geifman and El-Yaniv 2017, "Selective
Classification for Deep Neural Networks").
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from mashbill.models.errors import MashbillError, words_of
from mashbill.models.loading import model_folder
from mashbill.models.model_folder import METRICS_FILE
from mashbill.models.settings import Section
from mashbill.models.significance import share
from mashbill.models.tasks.base import Task

WANTED = (0.95, 0.97, 0.99)  # of all rows
STEPS = 20  # of a curve, from no row to all
ROUNDING = 1e-9  # rows that a share of them may miss a whole number by


class Promise(Section):
    """What is expected of a threshold, by rows that the student was not trained on.

    Attributes:
        agreement: the least share of all rows on which the cascade and the teacher agree.
        confidence: of the student, from which it answers alone; None where no threshold keeps the
            promise but leaving every row to the teacher.
        share: of the rows that the student answers alone.
    """

    agreement: float
    confidence: float | None
    share: float


class Point(Section):
    """Of the curve over all thresholds: as in `Promise`, the agreement with its 95 % interval."""

    share: float
    confidence: float | None
    agreement: float
    low: float
    high: float


class Deferral(Section):
    """What a student keeps of its cascade, in metrics.json under `cascade`.

    Attributes:
        teacher: hash of the weights of the teacher it is about; None where the data set does not
            say.
        rows: that it was fitted on.
    """

    teacher: str | None
    rows: int
    promises: tuple[Promise, ...]
    curve: tuple[Point, ...]


def certainty(task: Task, logits: np.ndarray, config: Mapping[str, Any]) -> np.ndarray:
    """How sure a model is of each answer after its temperature scaling, float64 [n].

    Args:
        config: what config.json says of the model.
    """
    temperature = config.get("calibration_temperature")
    scaled = None if temperature is None else task.scaled(logits, {"temperature": temperature})
    return task.confidence(logits if scaled is None else scaled).astype(np.float64)


def answers_alone(confidence: np.ndarray, threshold: float | None) -> np.ndarray:
    """The rows that the student answers, bool [n]; none without a threshold."""
    if threshold is None:
        return np.zeros(len(confidence), bool)
    return confidence >= threshold


def agreeing(agrees: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """Whether cascade and teacher give the same answer, bool [n].

    Args:
        agrees: whether the student's answer is the teacher's, bool [n].
    """
    return agrees | ~alone


def fit(confidence: np.ndarray, agrees: np.ndarray, teacher: str | None = None) -> Deferral:
    """Promises and curve by rows that the student was not trained on, at least one.

    Args:
        confidence: see `certainty`; agrees: whether the student's answer is the teacher's.
        teacher: hash of its weights.
    """
    promises = tuple(promise(wanted, confidence, agrees) for wanted in WANTED)
    return Deferral(
        teacher=teacher, rows=len(agrees), promises=promises, curve=curve(confidence, agrees)
    )


def promise(wanted: float, confidence: np.ndarray, agrees: np.ndarray) -> Promise:
    """The least threshold that keeps so much agreement on these rows."""
    order = np.argsort(-confidence, kind="stable")
    misses = np.cumsum(~agrees[order])
    allowed = (1 - wanted) * len(agrees) + ROUNDING
    kept = np.flatnonzero((misses <= allowed) & _ends(confidence[order]))
    taken = int(kept[-1]) + 1 if len(kept) else 0
    threshold = _threshold(confidence[order], taken)
    return Promise(agreement=wanted, confidence=threshold, share=taken / len(agrees))


def curve(confidence: np.ndarray, agrees: np.ndarray) -> tuple[Point, ...]:
    """Agreement by the share that the student answers alone, from none of the rows to all."""
    ranked = -np.sort(-confidence)
    ends = np.flatnonzero(_ends(ranked)) + 1
    wanted = np.linspace(0, len(ranked), STEPS + 1)
    takable = np.concatenate([[0], ends])
    taken = {int(takable[np.searchsorted(takable, rows, "right") - 1]) for rows in wanted}
    return tuple(_point(_threshold(ranked, rows), confidence, agrees) for rows in sorted(taken))


def _point(threshold: float | None, confidence: np.ndarray, agrees: np.ndarray) -> Point:
    alone = answers_alone(confidence, threshold)
    agreement = share(int(agreeing(agrees, alone).sum()), len(agrees))
    return Point(
        share=float(alone.mean()),
        confidence=threshold,
        agreement=agreement.value,
        low=agreement.low,
        high=agreement.high,
    )


def _ends(ranked: np.ndarray) -> np.ndarray:
    """Where a threshold can lie behind a row: rows of one confidence are taken together."""
    return np.append(ranked[:-1] > ranked[1:], True)


def _threshold(ranked: np.ndarray, taken: int) -> float | None:
    """Halfway to the first row that is not taken, so that rounding does not change who answers."""
    if taken == 0:
        return None
    return 0.0 if taken == len(ranked) else float((ranked[taken - 1] + ranked[taken]) / 2)


def kept_with(model: str) -> Deferral | None:
    """What the student in a folder keeps of its cascade; None for other models.

    Raises:
        MashbillError: its metrics.json is damaged.
    """
    path = model_folder(model) / METRICS_FILE
    section = _read(path)
    if section is None:
        return None
    try:
        return Deferral.model_validate(section)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, ("cascade", *first["loc"])))
        raise MashbillError(f"{path}: {key}: {words_of(first)}") from None


def _read(path: Path) -> Any:
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise MashbillError(f"{path}: not JSON: {error}") from None
    return metrics.get("cascade") if isinstance(metrics, dict) else None
