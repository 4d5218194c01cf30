import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, log_loss

from models.metrics import classification_metrics, expected_calibration_error, softmax

rows = st.integers(1, 60)


@given(rows, st.integers(2, 4), st.integers(0, 2**32 - 1))
@settings(deadline=None)
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


def test_calibration_error_by_hand():
    confidence = np.array([0.95, 0.95, 0.55, 0.55])
    correct = np.array([True, True, True, False])
    # gaps of 0.05 in the bins of 0.95 and of 0.55, half the rows each
    assert expected_calibration_error(confidence, correct) == pytest.approx(0.05)


def test_certain_and_wrong_is_finite():
    assert np.isfinite(classification_metrics(np.array([[1e4, -1e4]]), np.array([1]))["nll"])
