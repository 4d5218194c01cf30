"""Several labels a text."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mashbill.models.tasks.multi import Multi
from mashbill.models.tasks.names import BadLabel
from mashbill.models.tasks.softness import Softness

TASK = Multi().over(["PER", "ORG", "LOC"])
LOGITS = np.array([[3.0, -2.0, -1.0], [0.5, 1.5, -4.0], [-1.0, -2.0, -3.0]], np.float32)
GOLD = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        ("PER|LOC", [0, 2]),
        ("LOC | PER", [0, 2]),
        ("", []),
        ("ORG", [1]),
        (["LOC", "ORG"], [1, 2]),
        ([2, 0], [0, 2]),
        ([], []),
        ([True, False, True], [0, 2]),
        ([0.0, 1.0, 0.0], [1]),
        (("1", "0", "1"), [0, 2]),
        ((1, 0, 0), [0]),
        (("", None, ""), None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_a_label_is_a_list_a_text_or_flags(value, labels):
    assert TASK.parser()(value) == labels


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("PER|CITY", "label 'CITY' is not in labels; allowed: PER, ORG, LOC"),
        ("PER|PER", "a label appears twice"),
        ([0, 0, 1], "a label appears twice; for 0/1 columns name each one"),
        ("PER||LOC", "one of the labels is empty"),
        (("1", "0"), "2 flags for 3 labels"),
        (("1", "maybe", "0"), "'maybe' is not a flag; allowed: 0, 1, true, false"),
        (("1", "", "0"), "the flag of 'ORG' is missing, but others are present"),
    ],
)
def test_what_is_no_label_says_why(value, reason):
    with pytest.raises(BadLabel, match=reason):
        TASK.parser()(value)


def test_an_empty_field_may_say_nothing_instead():
    assert Multi(empty="unlabelled").over(["a"]).parser()("") is None


def test_another_separator():
    assert Multi(separator=";").over(["a|b", "c"]).parser()("a|b;c") == [0, 1]


columns = st.lists(st.none() | st.sets(st.integers(0, 2)).map(sorted), min_size=1)


@given(columns)
def test_gold_and_column_are_each_others_reverse(rows):
    column = pa.array(rows, TASK.label_type)
    gold = TASK.gold(column)
    assert TASK.known(gold).tolist() == [row is not None for row in rows]
    assert TASK.column(gold).to_pylist() == rows


@given(columns)
def test_keys_are_equal_where_labels_are(rows):
    keys = TASK.keys(pa.array(rows, TASK.label_type)).to_pylist()
    for left, one in zip(rows, keys, strict=True):
        for right, other in zip(rows, keys, strict=True):
            assert (left == right) == (one == other)


def test_metrics_by_hand():
    found = TASK.metrics(LOGITS, GOLD)
    # answers at 0.5: PER; PER and ORG; none
    assert found["rows"] == 3
    assert found["subset_accuracy"] == pytest.approx(1 / 3)
    assert found["micro_f1"] == pytest.approx(2 * 2 / (3 + 3))
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    # the right label is first, first, and third of three
    assert found["lrap"] == pytest.approx((1 + 1 + 1 / 3) / 3)


def test_thresholds_are_those_of_the_best_f1_and_stay_with_the_model():
    logits = np.array([[-1.0], [-2.0], [-3.0], [-4.0]])
    gold = np.array([[1.0], [1.0], [0.0], [0.0]])
    task = Multi().over(["a"])
    assert task.metrics(logits, gold)["micro_f1"] == 0
    found = task.calibrate(logits, gold)
    config = {"thresholds": found["thresholds"]}
    assert task.calibrated(config).metrics(logits, gold)["micro_f1"] == 1
    assert task.calibrated({"thresholds": [0.1, 0.2]}) is task  # of other labels


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=12))
def test_no_threshold_gives_a_better_f1(rows):
    scores = np.array([[score / 5] for score, _ in rows])
    gold = np.array([[float(label)] for _, label in rows])
    logits = np.log(np.clip(scores, 1e-3, 1 - 1e-3) / (1 - np.clip(scores, 1e-3, 1 - 1e-3)))
    task = Multi().over(["a"])

    def f1(threshold):
        bound = task.calibrated({"thresholds": [threshold]})
        return bound.metrics(logits, gold)["micro_f1"]

    if gold.any():
        best = f1(task.calibrate(logits, gold)["thresholds"][0])
        assert all(f1(threshold) <= best + 1e-9 for threshold in np.linspace(0, 1, 11))


def test_soft_loss_against_a_plain_reference():
    teacher, student = torch.tensor(LOGITS), torch.tensor(LOGITS[::-1].copy())
    p, q = torch.sigmoid(teacher / 2), torch.sigmoid(student / 2)
    kl = p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()
    torch.testing.assert_close(
        TASK.soft_rows(teacher, student, Softness(2.0)), 4 * kl.mean(-1), rtol=1e-4, atol=1e-5
    )
    assert TASK.divergence_rows(teacher, teacher).abs().max() < 1e-6


def test_rows_without_gold_labels_have_no_gold_loss():
    gold = torch.tensor(GOLD)
    gold[1] = torch.nan
    rows = TASK.gold_rows(torch.tensor(LOGITS), gold)
    assert rows[1] == 0
    assert (rows[[0, 2]] > 0).all()


def test_tensors_know_their_rows_as_arrays_do():
    assert TASK.known(torch.tensor([[1.0, 0], [torch.nan, torch.nan]])).tolist() == [True, False]


def test_a_teacher_agrees_on_all_labels_or_not():
    gold = TASK.gold(pa.array([[0], [0, 2], None], TASK.label_type))
    said = TASK.gold(pa.array([[0], [0], [0]], TASK.label_type))
    assert TASK.agree(gold, said).tolist() == [True, False, False]


def test_confidence_is_that_of_the_least_sure_label():
    np.testing.assert_allclose(TASK.confidence(LOGITS)[0], 1 / (1 + np.exp(-1)), rtol=1e-6)


def test_a_reader_sees_names():
    assert TASK.show([0, 2]) == "PER, LOC"
    assert TASK.show([]) == "none"
