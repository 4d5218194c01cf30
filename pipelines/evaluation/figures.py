"""The figures of one model under one condition, and of two models side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from mashbill.models.metrics import classification_metrics, confusion, reliability, softmax
from mashbill.models.significance import difference, interval, share

RISE = 0.1  # a probability that rises by more is a failure of a DIR suite
RELIABILITY_BINS = 10


def condition(
    logits: np.ndarray, labels: np.ndarray, teacher: np.ndarray, classes: int
) -> dict[str, Any]:
    """What every condition has.

    Args:
        logits: of the model, [rows, classes]; teacher: the teacher's, on the same texts.
        labels: gold classes, int [rows].
    """
    predicted = logits.argmax(axis=1)
    right = predicted == labels
    found = classification_metrics(logits, labels)
    return {
        "rows": found.pop("rows"),
        **found,
        "accuracy": interval(right)._asdict(),
        "agreement": interval(predicted == teacher.argmax(axis=1))._asdict(),
        "confusion": confusion(predicted, labels, classes).tolist(),
    }


def against_clean(
    logits: np.ndarray, clean: np.ndarray, labels: np.ndarray, changed: np.ndarray
) -> dict[str, Any]:
    """What a perturbation did: the loss of accuracy over all rows, the rest over changed ones.

    Args:
        clean: logits on the texts as they were; changed: bool [rows].
    """
    before, after = clean.argmax(axis=1), logits.argmax(axis=1)
    found: dict[str, Any] = {
        "changed": int(changed.sum()),
        "lost": interval((before == labels) * 1.0 - (after == labels))._asdict(),
    }
    if changed.any():
        found["consistency"] = interval((before == after)[changed])._asdict()
        rows = np.arange(len(labels))
        rise = softmax(logits)[rows, labels] - softmax(clean)[rows, labels]
        found["rises"] = interval((rise > RISE)[changed])._asdict()
    return found


def calibration(logits: np.ndarray, labels: np.ndarray) -> dict[str, list[float]]:
    """Points of a reliability diagram, `low` to `high` the 95 % interval of each accuracy; bins
    without a row are left out."""
    probabilities = softmax(logits)
    right = probabilities.argmax(axis=1) == labels
    found = reliability(probabilities.max(axis=1), right, RELIABILITY_BINS)
    rows, confident, correct = (column[found[0] > 0] for column in found)
    accuracy = [share(int(hits), int(n)) for hits, n in zip(correct, rows, strict=True)]
    return {
        "rows": rows.tolist(),
        "confidence": (confident / rows).tolist(),
        "accuracy": [point.value for point in accuracy],
        "low": [point.low for point in accuracy],
        "high": [point.high for point in accuracy],
    }


def differences(right: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Each model against every one before it.

    Args:
        right: model to whether it is right, bool [rows].
    """
    names = list(right)
    return [
        {
            "first": first,
            "second": second,
            "accuracy": difference(right[first], right[second])._asdict(),
        }
        for place, first in enumerate(names)
        for second in names[:place]
    ]


def with_people(logits: np.ndarray, shares: np.ndarray) -> dict[str, float]:
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
        "rows": len(shares),
        "kl": float((shares * np.log(known / probabilities)).sum(axis=1).mean()),
        "entropy": float(-(shares * np.log(known)).sum(axis=1).mean()),
        "pearson": None if constant else float(stats.pearsonr(model, people).statistic),
        "spearman": None if constant else float(stats.spearmanr(model, people).statistic),
    }


def of_slice(logits: np.ndarray, labels: np.ndarray, places: Sequence[int]) -> dict[str, Any]:
    right = (logits.argmax(axis=1) == labels)[places]
    return {"rows": len(right), "accuracy": interval(right)._asdict()}
