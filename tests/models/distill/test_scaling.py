import numpy as np
import pytest

from mashbill.models.distill.scaling import fit_temperature
from mashbill.models.metrics import classification_metrics, softmax


def drawn(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Labels as likely as the logits say."""
    return (softmax(logits).cumsum(axis=1) > rng.random((len(logits), 1))).argmax(axis=1)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_was_put_in_is_found(temperature):
    rng = np.random.default_rng(0)
    honest = rng.normal(size=(20_000, 3)) * 2
    labels = drawn(honest, rng)
    assert fit_temperature(honest * temperature, labels) == pytest.approx(temperature, rel=0.05)


def test_overconfidence_is_mended_and_answers_stay():
    rng = np.random.default_rng(1)
    honest = rng.normal(size=(5000, 2))
    labels, loud = drawn(honest, rng), honest * 4
    scaled = loud / fit_temperature(loud, labels)
    before, after = (classification_metrics(logits, labels) for logits in (loud, scaled))
    assert after["ece"] < 0.03 < before["ece"]
    assert after["accuracy"] == before["accuracy"]
