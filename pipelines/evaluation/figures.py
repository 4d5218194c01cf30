"""The figures of one model under one condition, and of two models side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from mashbill.models.metrics import expected_calibration_error, reliability, softmax
from mashbill.models.significance import Interval, difference, interval, intervals, share
from mashbill.models.tasks.base import Task

RISE = 0.1  # a probability that rises by more is a failure of a DIR suite
RELIABILITY_BINS = 10
DRAWS = 1000


def condition(task: Task, logits: np.ndarray, gold: np.ndarray, said: np.ndarray) -> dict[str, Any]:
    """What every condition has.

    Args:
        task: with the thresholds of the model.
        logits: of the model, [rows, labels].
        gold: of the rows; said: the teacher's answers to the same texts, as gold.
    """
    predicted = task.predict(logits)
    figures: dict[str, Any] = {
        "rows": len(gold),
        **_figures(task.resampled(logits, gold), len(gold)),
        task.measure.key: interval(task.of_rows(logits, gold))._asdict(),
    }
    if task.is_exact:
        figures["agreement"] = interval(task.agree(predicted, said))._asdict()
    return figures | task.details(logits, gold)


def _figures(of: Callable[[np.ndarray], Mapping[str, float | None]], rows: int) -> dict[str, Any]:
    with_intervals = intervals(of, rows)
    return {key: one and one._asdict() for key, one in with_intervals.items()}


def against_clean(
    task: Task,
    before: tuple[np.ndarray, np.ndarray],
    after: tuple[np.ndarray, np.ndarray],
    changed: np.ndarray,
) -> dict[str, Any]:
    """What a perturbation did: the loss of the main figure over all rows, the rest over changed
    ones.

    Args:
        before, after: logits on the texts as they were, and as they are now, with their gold.
        changed: bool [rows].
    """
    (clean, labels), (logits, _) = before, after
    before, after = (task.of_rows(*one) * 1.0 for one in (before, after))
    lost = before - after if task.measure.higher_is_better else after - before
    figures: dict[str, Any] = {"changed": int(changed.sum()), "lost": interval(lost)._asdict()}
    if changed.any() and task.is_exact:
        same = task.agree(task.predict(clean), task.predict(logits))
        figures["consistency"] = interval(same[changed])._asdict()
    if changed.any() and task.has_classes:
        rows = np.arange(len(labels))
        rise = softmax(logits)[rows, labels] - softmax(clean)[rows, labels]
        figures["rises"] = interval((rise > RISE)[changed])._asdict()
    return figures


def calibration(logits: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """`calibration` and `ece_if_calibrated`, of one label a row."""
    probabilities = softmax(logits)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    return {
        "calibration": _reliability(confidence, right),
        "ece_if_calibrated": ece_if_calibrated(confidence),
    }


def ece_if_calibrated(confidence: np.ndarray) -> dict[str, float]:
    """The `ece` that a model as sure as this one has on so many rows though it is calibrated: mean
    and middle 95 % over right answers that are drawn from its confidences (Bröcker and Smith 2007,
    "Increasing the Reliability of Reliability Diagrams", section 3)."""
    rng = np.random.default_rng(0)
    errors = [
        expected_calibration_error(confidence, rng.random(len(confidence)) < confidence)
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(errors, [0.025, 0.975])
    return Interval(float(np.mean(errors)), float(low), float(high))._asdict()


def _reliability(confidence: np.ndarray, right: np.ndarray) -> dict[str, list[float]]:
    """Points of a reliability diagram, `low` to `high` the 95 % interval of each accuracy; bins
    without a row are left out."""
    bins = reliability(confidence, right, RELIABILITY_BINS)
    rows, confident, correct = (column[bins[0] > 0] for column in bins)
    accuracy = [share(int(hits), int(n)) for hits, n in zip(correct, rows, strict=True)]
    return {
        "rows": rows.tolist(),
        "confidence": (confident / rows).tolist(),
        "accuracy": [point.value for point in accuracy],
        "low": [point.low for point in accuracy],
        "high": [point.high for point in accuracy],
    }


def differences(
    task: Task, of_rows: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray]
) -> list[dict[str, Any]]:
    """Each model against every one before it.

    Args:
        of_rows: model to `Task.of_rows`; right: to whether its answer agrees with the gold label.
    """
    names = list(of_rows)
    return [
        {
            "first": first,
            "second": second,
            task.measure.key: difference(
                of_rows[first], of_rows[second], (right[first], right[second])
            )._asdict(),
        }
        for place, first in enumerate(names)
        for second in names[:place]
    ]


def with_people(logits: np.ndarray, shares: np.ndarray) -> dict[str, Any]:
    """`likeness_to_people`, each figure with its 95 % interval, and `rows`."""
    of = _figures(lambda rows: likeness_to_people(logits[rows], shares[rows]), len(shares))
    return {"rows": len(shares), **of}


def likeness_to_people(logits: np.ndarray, shares: np.ndarray) -> dict[str, float | None]:
    """How near a model's probabilities are to how people voted.

    Args:
        logits, shares: [rows, classes]; shares sum to 1.

    Returns:
        kl: mean KL(people ‖ model) in nats; pearson and spearman over all classes but the first;
        entropy: mean entropy of the votes in nats, the least cross-entropy there could be.
    """
    probabilities = np.maximum(softmax(logits), 1e-12)
    known = np.where(shares > 0, shares, 1.0)
    model, people = probabilities[:, 1:].ravel(), shares[:, 1:].ravel()
    constant = np.ptp(model) == 0 or np.ptp(people) == 0
    return {
        "kl": float((shares * np.log(known / probabilities)).sum(axis=1).mean()),
        "entropy": float(-(shares * np.log(known)).sum(axis=1).mean()),
        "pearson": None if constant else float(stats.pearsonr(model, people).statistic),
        "spearman": None if constant else float(stats.spearmanr(model, people).statistic),
    }


def of_slice(
    task: Task, logits: np.ndarray, gold: np.ndarray, places: Sequence[int]
) -> dict[str, Any]:
    values = task.of_rows(logits[places], gold[places])
    return {"rows": len(values), task.measure.key: interval(values)._asdict()}
