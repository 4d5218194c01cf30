import numpy as np
import pytest
from scipy import stats

from mashbill.models.metrics import classification_metrics
from mashbill.models.significance import difference, interval, intervals, share


def test_an_interval_holds_its_mean_and_narrows_with_the_rows():
    few = interval(np.array([1, 0] * 50))
    many = interval(np.array([1, 0] * 5000))
    assert few.low < few.value == 0.5 < few.high
    assert many.high - many.low < few.high - few.low


def test_an_interval_is_that_of_the_normal_approximation_for_many_rows():
    values = np.arange(4000) % 4 == 0
    found = interval(values)
    width = 1.96 * np.sqrt(0.25 * 0.75 / 4000)
    assert found.low == pytest.approx(0.25 - width, abs=0.002)
    assert found.high == pytest.approx(0.25 + width, abs=0.002)


def test_shares_of_few_rows_are_wilsons():
    assert share(1, 1) == pytest.approx((1.0, 0.2065, 1.0), abs=1e-4)
    found = interval(np.zeros(84, bool))
    # z² / (n + z²) with z = 1.96
    assert found == pytest.approx((0.0, 0.0, 3.8415 / (84 + 3.8415)), abs=1e-4)


def test_values_that_are_all_the_same_have_no_interval():
    assert interval(np.ones(5)) == (1.0, 1.0, 1.0)


def test_mcnemar_is_the_binomial_test_of_the_rows_that_differ():
    first = np.array([True] * 8 + [False] * 2 + [True] * 90)
    second = np.array([False] * 8 + [True] * 2 + [True] * 90)
    found = difference(first, second)
    # two-sided: twice the chance of two or fewer heads in ten throws, (1 + 10 + 45) / 1024
    assert found.p_mcnemar == pytest.approx(2 * 56 / 1024)
    assert found.value == pytest.approx(0.06)


def test_the_two_tests_agree_on_what_is_plain():
    right, wrong = np.ones(100, bool), np.arange(100) % 3 > 0
    found = difference(right, wrong)
    assert found.p_mcnemar < 1e-6
    assert found.p_bootstrap < 0.01
    same = difference(wrong, wrong)
    assert (same.value, same.p_mcnemar, same.p_bootstrap) == (0.0, 1.0, 1.0)


def test_the_bootstrap_is_near_the_paired_t_test():
    rng = np.random.default_rng(3)
    first, second = rng.random(800) < 0.8, rng.random(800) < 0.77
    expected = stats.ttest_rel(first.astype(float), second.astype(float)).pvalue
    assert difference(first, second).p_bootstrap == pytest.approx(expected, abs=0.05)


def test_the_interval_of_a_mean_is_that_of_the_normal_approximation_too():
    values = (np.arange(4000) % 4 == 0) * 1.0
    found = intervals(lambda rows: {"mean": values[rows].mean()}, 4000)["mean"]
    width = 1.96 * np.sqrt(0.25 * 0.75 / 4000)
    assert found.value == 0.25
    assert found.low == pytest.approx(0.25 - width, abs=0.002)
    assert found.high == pytest.approx(0.25 + width, abs=0.002)


def test_a_calibration_error_lies_in_its_interval():
    """Resamples alone would put all of it above: a model that is calibrated seems less so."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(500, 2))
    gold = (rng.random(500) < 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))).astype(int)
    found = intervals(lambda rows: classification_metrics(logits[rows], gold[rows]), 500)
    assert all(one.low <= one.value <= one.high for one in found.values())
    assert 0 <= found["ece"].low < found["ece"].value < found["ece"].high
    assert found["macro_f1"].high - found["macro_f1"].low == pytest.approx(0.08, abs=0.02)


def test_one_row_and_a_figure_that_is_not_there():
    assert intervals(lambda rows: {"a": 0.5, "b": None}, 1) == {"a": (0.5, 0.5, 0.5), "b": None}
