"""How well class probabilities fit gold labels."""

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis, float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    scores = np.exp(shifted)
    return scores / scores.sum(axis=-1, keepdims=True)


def classification_metrics(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, macro F1, NLL in nats, Brier score, calibration error and the worst class.

    Args:
        logits: [rows, classes], at least one row.
        labels: gold class of each row, integers.

    Macro F1 is the mean over classes that occur among the labels or predictions; `worst_class` is
    the least recall of a class that occurs among the labels; the Brier score sums over classes
    (Brier 1950), so that it lies between 0 and 2.
    """
    probabilities = softmax(logits)
    predicted = probabilities.argmax(axis=1)
    of_gold = probabilities[np.arange(len(labels)), labels]
    return {
        "rows": len(labels),
        "accuracy": float((predicted == labels).mean()),
        "macro_f1": _macro_f1(predicted, labels),
        "nll": float(-np.log(np.maximum(of_gold, 1e-300)).mean()),
        "brier": float(
            np.square(probabilities - np.eye(probabilities.shape[1])[labels]).sum(1).mean()
        ),
        "worst_class": min(
            float((predicted[labels == label] == label).mean()) for label in np.unique(labels)
        ),
        "ece": expected_calibration_error(probabilities.max(axis=1), predicted == labels),
    }


def _macro_f1(predicted: np.ndarray, labels: np.ndarray) -> float:
    scores = []
    for label in np.union1d(predicted, labels):
        hits = ((predicted == label) & (labels == label)).sum()
        scores.append(2 * hits / ((predicted == label).sum() + (labels == label).sum()))
    return float(np.mean(scores))


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, bins: int = 15
) -> float:
    """Mean gap between confidence and accuracy over bins of equal width, weighted by their rows.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2.
    """
    rows, confident, right = reliability(confidence, correct, bins)
    return float(np.abs(confident - right).sum() / rows.sum())


def reliability(
    confidence: np.ndarray, correct: np.ndarray, bins: int = 15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Over bins of equal width: rows, sum of confidences, rows answered right; each [bins]."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return (
        np.bincount(place, minlength=bins),
        np.bincount(place, weights=confidence, minlength=bins),
        np.bincount(place, weights=correct, minlength=bins),
    )


def confusion(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Rows by gold class (first axis) and predicted class: int64 [classes, classes]."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
