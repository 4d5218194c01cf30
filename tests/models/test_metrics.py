import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    log_loss,
    recall_score,
)

from mashbill.models.metrics import (
    classification_metrics,
    confusion,
    expected_calibration_error,
    softmax,
)

rows = st.integers(1, 60)


@given(rows, st.integers(2, 4), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)  # scikit-learn takes its time
def test_agrees_with_scikit_learn(n, classes, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)).astype(np.float32) * 3
    labels = rng.integers(0, classes, n)
    found = classification_metrics(logits, labels)
    predicted = logits.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    expected = log_loss(labels, softmax(logits), labels=range(classes))
    assert found["nll"] == pytest.approx(expected, rel=1e-6)
    every = list(range(classes))
    table = confusion_matrix(labels, predicted, labels=every)
    assert confusion(predicted, labels, classes).tolist() == table.tolist()
    recalls = recall_score(labels, predicted, labels=np.unique(labels), average=None)
    assert found["worst_class"] == pytest.approx(recalls.min())
    expected = brier_score_loss(labels, softmax(logits), labels=every, scale_by_half=False)
    assert found["brier"] == pytest.approx(expected)


def test_calibration_error_by_hand():
    confidence = np.array([0.95, 0.95, 0.55, 0.55])
    correct = np.array([True, True, True, False])
    # gaps of 0.05 in the bins of 0.95 and of 0.55, half the rows each
    assert expected_calibration_error(confidence, correct) == pytest.approx(0.05)


def test_certain_and_wrong_is_finite():
    assert np.isfinite(classification_metrics(np.array([[1e4, -1e4]]), np.array([1]))["nll"])


def test_brier_worst_class_and_confusion_by_hand():
    logits = np.log([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7]])
    found = classification_metrics(logits, np.array([0, 1, 1]))
    # 0.2² + 0.2², 0.6² + 0.6², 0.3² + 0.3²
    assert found["brier"] == pytest.approx((0.08 + 0.72 + 0.18) / 3)
    assert found["worst_class"] == 0.5
    assert confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist() == [[1, 0], [1, 1]]
