import json

import numpy as np
import pytest

from mashbill.models.deferral import (
    agreeing,
    answers_alone,
    certainty,
    curve,
    fit,
    kept_with,
    promise,
)
from mashbill.models.errors import MashbillError
from mashbill.models.tasks.multi import Multi
from mashbill.models.tasks.registry import single

SURE = np.array([0.9, 0.8, 0.7, 0.6, 0.5])


def test_the_student_answers_down_to_the_last_row_that_the_promise_allows():
    agrees = np.array([True, True, False, True, False])
    found = promise(0.8, SURE, agrees)  # one of five may differ
    assert (found.share, found.confidence) == (0.8, pytest.approx(0.55))
    alone = answers_alone(SURE, found.confidence)
    assert alone.tolist() == [True] * 4 + [False]
    assert agreeing(agrees, alone).mean() == 0.8


def test_it_answers_all_where_it_agrees_often_enough():
    found = promise(0.95, SURE, np.ones(5, bool))
    assert (found.share, found.confidence) == (1.0, 0.0)
    assert answers_alone(np.zeros(3), found.confidence).all()


def test_what_cannot_be_reached_leaves_all_to_the_teacher():
    found = promise(0.99, SURE, np.array([False, True, True, True, True]))
    assert (found.share, found.confidence) == (0.0, None)
    assert not answers_alone(np.ones(3), found.confidence).any()


def test_rows_of_one_confidence_are_answered_together():
    confidence = np.array([1.0, 1.0, 1.0, 0.5])
    agrees = np.array([True, True, False, True])
    assert promise(0.95, confidence, agrees).share == 0.0
    assert [point.share for point in curve(confidence, agrees)] == [0.0, 0.75, 1.0]


def test_no_other_threshold_keeps_the_promise_and_answers_more():
    rng = np.random.default_rng(5)
    confidence = rng.uniform(0.5, 1, 400).round(2)
    agrees = rng.uniform(size=400) < confidence
    for wanted in (0.9, 0.95, 0.97, 0.99):
        found = promise(wanted, confidence, agrees)
        kept = [
            alone.mean()
            for threshold in np.unique(confidence)
            if agreeing(agrees, alone := answers_alone(confidence, threshold)).mean() >= wanted
        ]
        assert found.share == max(kept, default=0.0)


def test_the_curve_goes_from_the_teacher_alone_to_the_student_alone():
    rng = np.random.default_rng(6)
    agrees = rng.uniform(size=200) < 0.9
    points = curve(rng.uniform(size=200), agrees)
    assert len(points) == 21
    assert (points[0].share, points[0].agreement, points[0].confidence) == (0.0, 1.0, None)
    assert (points[-1].share, points[-1].agreement) == (1.0, agrees.mean())
    assert all(point.low <= point.agreement <= point.high for point in points)
    assert sorted((p.agreement for p in points), reverse=True) == [p.agreement for p in points]


def test_confidence_is_that_after_scaling():
    logits = np.array([[2.0, 0.0]], np.float32)
    task = single(["a", "b"])
    plain, scaled = (certainty(task, logits, config)[0] for config in (
        {}, {"calibration_temperature": 2.0}))  # fmt: skip
    assert plain == pytest.approx(1 / (1 + np.exp(-2)))
    assert scaled == pytest.approx(1 / (1 + np.exp(-1)))
    multi = certainty(Multi().over(["a", "b"]), logits, {"calibration_temperature": 2.0})
    assert multi.tolist() == [0.5]  # of the label that is least sure


def test_it_is_kept_with_the_student(tmp_path, tiny_classifier):
    for path in tiny_classifier.iterdir():
        (tmp_path / path.name).symlink_to(path)
    assert kept_with(str(tmp_path)) is None
    found = fit(SURE, np.ones(5, bool), "abc")
    (tmp_path / "metrics.json").write_text(json.dumps({"cascade": found.model_dump()}))
    assert kept_with(str(tmp_path)) == found
    (tmp_path / "metrics.json").write_text('{"cascade": {"rows": "many"}}')
    with pytest.raises(MashbillError, match=r"metrics\.json: cascade\.\w+: "):
        kept_with(str(tmp_path))
    (tmp_path / "metrics.json").write_text("{")
    with pytest.raises(MashbillError, match=r"metrics\.json: not JSON"):
        kept_with(str(tmp_path))
