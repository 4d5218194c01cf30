"""Numbers in place of classes."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mashbill.models.tasks.names import BadLabel
from mashbill.models.tasks.score import Score, Standard, correlation

ONE = Score(bounds=(0, 5), tolerance=0.5).over(["rating"])
TWO = Score().over(["fluency", "fit"])


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3.0), ("4.5", 4.5), (" 1 ", 1.0), ("", None), (None, None), ([2], 2.0), (0.0, 0.0)],
)
def test_a_label_is_a_number(value, number):
    assert ONE.parser()(value) == number


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("good", "label 'good' is not a number"),
        (True, "the label is bool, not a number"),
        (6, "label 6 is outside 0 to 5"),
        ("inf", "not a finite number"),
        ([1, 2], "2 numbers for 1 labels"),
    ],
)
def test_what_is_no_number_says_why(value, reason):
    with pytest.raises(BadLabel, match=reason):
        ONE.parser()(value)


def test_several_numbers_come_from_a_list_or_from_columns():
    assert TWO.parser()([1, 2.5]) == [1.0, 2.5]
    assert TWO.parser()(("1", "2.5")) == [1.0, 2.5]
    assert TWO.parser()((None, "")) is None
    with pytest.raises(BadLabel, match="the number 'fit' is missing"):
        TWO.parser()(("1", None))


numbers = st.floats(-1e6, 1e6, width=32)


@given(st.lists(st.none() | numbers, min_size=1))
def test_gold_and_column_are_each_others_reverse(rows):
    column = pa.array(rows, ONE.label_type)
    for form in (column, pa.chunked_array([column])):
        gold = ONE.gold(form)
        assert gold.shape == (len(rows), 1)
        assert ONE.column(gold).to_pylist() == rows
        assert ONE.known(gold).tolist() == [row is not None for row in rows]


@given(st.lists(st.none() | st.tuples(numbers, numbers).map(list), min_size=1))
def test_gold_and_column_of_several_numbers(rows):
    column = pa.array(rows, TWO.label_type)
    assert TWO.column(TWO.gold(column)).to_pylist() == rows


def test_agreement_is_a_distance_from_what_the_teacher_says_of_the_source():
    gold = np.array([[1.0], [1.0]], np.float32)
    of_source = np.array([[2.0], [2.0]], np.float32)
    said = np.array([[2.4], [1.2]], np.float32)
    assert ONE.agree(ONE.expected(gold, of_source), said).tolist() == [True, False]


def test_answers_stay_within_the_bounds():
    assert ONE.predict(np.array([[-1.0], [7.0]])).tolist() == [[0.0], [5.0]]


@given(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=20))
def test_correlation_is_scipys(rows):
    first, second = np.array(rows, np.float64).T
    if np.ptp(first) > 1e-3 and np.ptp(second) > 1e-3:
        expected = stats.pearsonr(first, second).statistic
        assert correlation(first[:, None], second[:, None]) == pytest.approx(expected, abs=1e-6)


def test_metrics_by_hand():
    found = (
        Score()
        .over(["x"])
        .metrics(np.array([[1.0], [2.0], [4.0]]), np.array([[1.0], [3.0], [2.0]]))
    )
    assert found["mae"] == pytest.approx(1.0)
    assert found["rmse"] == pytest.approx(np.sqrt(5 / 3))
    assert found["spearman"] == pytest.approx(0.5)


def test_a_student_that_says_one_number_goes_with_nothing():
    assert Score().over(["x"]).metrics(np.ones((3, 1)), np.arange(3.0)[:, None])["pearson"] == 0


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30))
def test_a_tally_of_parts_is_that_of_the_whole(rows):
    gold = np.array(rows, np.float32)
    half = len(rows) // 2
    parts = TWO.tally(gold[:half]) + TWO.tally(gold[half:])
    np.testing.assert_allclose(parts, TWO.tally(gold), rtol=1e-9)


def test_standard_numbers_have_mean_0_and_sd_1():
    gold = np.array([[1.0, 7.0], [3.0, 7.0], [8.0, 7.0]], np.float32)
    standard = Standard.of(TWO.tally(gold), 3)
    z = standard.apply(gold)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(z.std(axis=0), [1, 0], atol=1e-6)  # one that never changes stays


def test_folding_a_layer_gives_the_numbers_of_the_files():
    standard = Standard([3.0, -1.0], [2.0, 10.0])
    layer, x = torch.nn.Linear(4, 2), torch.randn(5, 4)
    z = layer(x)
    standard.fold(layer)
    expected = z * torch.tensor([2.0, 10.0]) + torch.tensor([3.0, -1.0])
    torch.testing.assert_close(layer(x), expected)
    standard.unfold(layer)
    torch.testing.assert_close(layer(x), z)


def test_huber_is_linear_from_delta_on():
    task = Score(loss="huber", huber_delta=1.0).over(["x"])
    zero, gold = torch.zeros(2, 1), torch.tensor([[0.5], [3.0]])
    assert task.gold_rows(zero, gold).tolist() == pytest.approx([0.125, 2.5])


def test_rows_without_a_number_have_no_gold_loss():
    gold = torch.tensor([[1.0], [torch.nan]])
    assert TWO.gold_rows(torch.zeros(2, 1), gold).tolist() == [1.0, 0.0]
