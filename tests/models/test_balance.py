"""What counts as uneven, and what each class then weighs."""

import numpy as np
import pytest

from mashbill.models.balance import (
    chosen_weights,
    class_counts,
    class_weights,
    is_uneven,
    missing_classes,
    too_few_to_measure,
)


def test_rows_are_counted_by_class():
    assert class_counts([2, 0, 2], 4).tolist() == [1, 0, 2, 0]


@pytest.mark.parametrize(
    ("counts", "uneven"),
    [((50, 50), False), ((83, 17), False), ((84, 16), True), ((34, 33, 0), True), ((0, 0), False)],
)
def test_a_class_with_less_than_a_third_of_an_even_share_makes_classes_uneven(counts, uneven):
    assert is_uneven(counts) == uneven


def test_every_class_has_the_same_sum_of_weights_and_the_rows_the_mean_of_one():
    counts = np.array([5, 15, 80])
    weights = np.array(class_weights(counts))
    np.testing.assert_allclose(counts * weights, [100 / 3] * 3)
    assert (counts * weights).sum() / counts.sum() == pytest.approx(1)


def test_a_class_without_rows_takes_nothing_from_the_others():
    assert class_weights([10, 0, 10]) == (1.0, 1.0, 1.0)


def test_auto_weighs_uneven_classes_only():
    assert chosen_weights("auto", [50, 50]) is None
    assert chosen_weights("auto", [5, 95]) == class_weights([5, 95])
    assert chosen_weights("weights", [40, 60]) == class_weights([40, 60])
    assert chosen_weights("none", [5, 95]) is None


def test_labels_without_rows_are_named():
    assert missing_classes([3, 0], ["no", "yes"]) == [
        "warning: no train row has the label 'yes', so it cannot be learned"
    ]


def test_classes_with_too_few_rows_to_measure_are_named_in_one_line():
    assert list(too_few_to_measure("test", (10, 12), "ab")) == []
    assert list(too_few_to_measure("test", (0, 0), "ab")) == []
    (line,) = too_few_to_measure("test", (9, 10, 0), "abc")
    assert line.startswith("test: fewer than 10 labelled rows of 'a' (9), 'c' (0), so ")
    (line,) = too_few_to_measure("validation", (1, 2, 3, 4, 5, 6, 7), "abcdefg")
    assert "'e' (5) and 2 more, so" in line
