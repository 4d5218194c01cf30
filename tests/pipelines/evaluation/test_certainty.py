import numpy as np
import pytest

from mashbill.models.tasks.registry import single
from mashbill.models.tasks.score import Score
from mashbill.pipelines.evaluation.cascade import Player
from mashbill.pipelines.evaluation.certainty import SECOND, likeness, one_teacher_twice
from mashbill.pipelines.report.certainty import likeness_lines

TASK = single(["a", "b"])
GOLD = np.array([0, 0, 1, 1])
SURE = np.array([[5.0, 0.0], [0.1, 0.0], [0.0, 0.1], [0.0, 5.0]], np.float32)


def player(logits, task=TASK, config=None):
    return Player({}, task, config or {}, np.asarray(logits, np.float32))


def test_agreement_stands_by_the_confidence_of_the_teacher():
    student = SURE.copy()
    student[1] = student[1, ::-1]  # differs where the teacher is hardly sure
    (found,) = likeness({"teacher": player(SURE), "student": player(student)}, GOLD)
    assert found["agreement"]["value"] == 0.75
    bins = [(one["low"], one["high"], one["rows"], one["agreement"]["value"])
            for one in found["by_confidence"]]  # fmt: skip
    assert bins == [(0.5, 0.6, 2, 0.5), (0.99, 1.0, 2, 1.0)]
    assert found["differing"]["rows"] == 1
    assert (found["differing"]["teacher"]["value"], found["differing"]["model"]["value"]) == (1, 0)
    assert found["above_ceiling"] is None


def test_a_teachers_confidence_is_scaled_where_it_keeps_a_temperature():
    teacher = player(SURE, config={"calibration_temperature": 10.0})
    (found,) = likeness({"teacher": teacher, "student": player(SURE)}, GOLD)
    assert [one["rows"] for one in found["by_confidence"]] == [2, 2]
    assert found["by_confidence"][-1]["high"] == 0.7  # 1 / (1 + exp(-0.5)) is 0.62


def test_two_teachers_are_the_ceiling():
    second, student = SURE.copy(), SURE.copy()
    second[1] = second[1, ::-1]
    student[:3] = student[:3, ::-1]
    models = {"teacher": player(SURE), "student": player(student), SECOND: player(second)}
    of_student, of_second = likeness(models, GOLD)
    assert of_student["above_ceiling"]["value"] == 0.25 - 0.75
    assert of_second["above_ceiling"] is None
    evaluation = {"measure": TASK.measure._asdict(), "likeness": [of_student, of_second]}
    line = next(iter(likeness_lines(evaluation)))
    assert "student: 25.0 %" in line
    assert "-50.0 points" in line
    assert "of the 3 rows that differ" in line


def test_the_same_teacher_under_two_names_is_no_ceiling():
    teacher, other = {"weights": "a"}, {"weights": "b"}
    assert list(one_teacher_twice({"teacher": teacher, SECOND: other})) == []
    assert list(one_teacher_twice({"teacher": teacher})) == []
    (line,) = one_teacher_twice({"teacher": teacher, SECOND: teacher})
    assert "train it with another seed" in line


def test_a_student_that_never_differs_and_numbers_that_are_only_near():
    (found,) = likeness({"teacher": player(SURE), "student": player(SURE)}, GOLD)
    assert found["differing"] == {"rows": 0, "teacher": None, "model": None}
    number = player([[1.0], [2.0]], Score().over(["stars"]))
    assert likeness({"teacher": number, "student": number}, np.array([[1.0], [2.0]])) == []


def test_bins_hold_every_row_once():
    rng = np.random.default_rng(3)
    logits = rng.normal(scale=3, size=(300, 2))
    other = rng.normal(size=(300, 2))
    models = {"teacher": player(logits), "student": player(other)}
    (found,) = likeness(models, rng.integers(0, 2, 300))
    assert sum(one["rows"] for one in found["by_confidence"]) == 300
    agreed = sum(one["rows"] * one["agreement"]["value"] for one in found["by_confidence"])
    assert agreed == pytest.approx(300 * found["agreement"]["value"])
