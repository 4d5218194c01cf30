"""Figures of a condition that need no model."""

import numpy as np
import pytest
from scipy.stats import binom

from mashbill.pipelines.evaluation.figures import ece_if_calibrated


@pytest.mark.parametrize("rows", [25, 100, 900])
def test_a_calibrated_model_has_an_error_by_chance_that_falls_with_the_rows(rows):
    """All are as sure, so that one bin has them all: the error is that of a share."""
    found = ece_if_calibrated(np.full(rows, 0.75))
    gaps = np.abs(np.arange(rows + 1) / rows - 0.75)
    assert found["value"] == pytest.approx(gaps @ binom.pmf(np.arange(rows + 1), rows, 0.75), 0.1)
    assert found["low"] <= found["value"] <= found["high"]


def test_one_that_is_always_sure_and_calibrated_is_always_right():
    assert ece_if_calibrated(np.ones(10)) == {"value": 0.0, "low": 0.0, "high": 0.0}
