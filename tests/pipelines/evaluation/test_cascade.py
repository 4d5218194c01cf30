"""What distill promises of a cascade, what evaluate says of it, and what it does are one thing."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mashbill.models.cascade import Cascade
from mashbill.models.classifier import Classifier
from mashbill.models.deferral import Deferral, Point, Promise
from mashbill.models.tasks.registry import single
from mashbill.pipelines.evaluation.cascade import Player, cascades, cost
from mashbill.pipelines.evaluation.sets import labelled_test_split
from mashbill.pipelines.report.cascade import promise_lines, promises, verdict

SPEED = {"p50_ms": 10.0, "p95_ms": 12.0, "rows_per_second": 100.0}
SLOW = {"p50_ms": 40.0, "p95_ms": 50.0, "rows_per_second": 20.0}


def test_the_promises_are_those_that_the_student_keeps(metrics, found):
    (one,) = found["cascades"]
    assert one["model"] == "student"
    kept = metrics["cascade"]
    assert one["rows"]["validation"] == kept["rows"] == metrics["validation"]["rows"]
    for promise, checked in zip(kept["promises"], one["promises"], strict=True):
        assert promise == {key: checked[key] for key in promise}
    assert [p["agreement"] for p in kept["promises"]] == [0.95, 0.97, 0.99]


def test_the_cascade_does_on_test_what_the_evaluation_says(recipe, found):
    test = labelled_test_split(recipe).originals
    teacher = Classifier.load(recipe.teacher.model, max_length=64, precision="fp32")
    said = np.array(recipe.labels)[teacher.logits(test.texts).argmax(1)]
    for one in found["cascades"][0]["promises"]:
        both = Cascade.load(
            recipe.distill.model, recipe.teacher.model, agreement=one["agreement"],
            max_length=64, precision="fp32",
        )  # fmt: skip
        answered = both.predict(test.texts)
        assert answered.alone.mean() == one["test"]["share"]["value"]
        assert (np.array(answered.labels) == said).mean() == one["test"]["agreement"]["value"]
        gold = np.array(recipe.labels)[test.labels]
        right = (np.array(answered.labels) == gold).mean()
        assert right == one["test"]["accuracy"]["value"]


def test_the_ends_of_the_curve_are_the_teacher_and_the_student(found):
    (one,) = found["cascades"]
    clean = {r["model"]: r for r in found["results"] if r["suite"] == "clean"}
    first, *_, last = one["curve"]["test"]
    assert (first["share"], first["agreement"]) == (0.0, 1.0)
    assert last["share"] == 1.0
    assert last["agreement"] == clean["student"]["agreement"]["value"]


def test_card_report_and_terminal_tell_it(recipe, found):
    card = Path(recipe.distill.model, "README.md").read_text()
    page = Path(recipe.output.path, "report.html").read_text()
    assert "| 97 % |" in card
    assert "agreement=0.97)" in card
    assert "<h3>Cascade</h3>" in page
    lines = list(promise_lines(found))
    assert len(lines) == len(promises(found)[1]) == 3
    assert all(line.startswith("student ") for line in lines)
    assert "promised 95 %" in lines[0]


def test_a_students_own_must_be_there_and_another_teachers_is_left_out(
    recipe, metrics, tmp_path, tiny_classifier
):
    student = shutil.copytree(recipe.distill.model, tmp_path / "student")
    models = {"teacher": recipe.teacher.model, "student": str(student), "x": str(tiny_classifier)}
    gold, logits = np.array([0, 1]), np.array([[2.0, 0.0], [0.0, 2.0]], np.float32)

    def said() -> tuple[list[str], list[str]]:
        players = {
            name: Player({"path": path, "weights": "w", "speed": SPEED}, single("ab"), {}, logits)
            for name, path in models.items()
        }
        checked, warnings = cascades(players, gold, "student")
        return [one["model"] for one in checked], warnings

    kept = metrics["cascade"]
    for teacher, expected in (("w", 1), (None, 1), ("v", 0)):
        content = {"cascade": {**kept, "teacher": teacher}}
        (student / "metrics.json").write_text(json.dumps(content))
        names, warnings = said()
        assert (len(names), len(warnings)) == (expected, 1 - expected)
    assert "fitted with another teacher" in warnings[0]
    (student / "metrics.json").unlink()
    assert said() == (
        [],
        ["student: metrics.json has no cascade; distil the student again to fit one"],
    )


def test_the_cost_is_the_students_for_all_and_the_teachers_for_the_rest():
    assert cost(SPEED, SLOW, 0.75) == pytest.approx({"latency": 0.5, "seconds": 0.45})
    assert cost(SLOW, SPEED, 0.5)["latency"] == 4.5  # dearer than the teacher alone
    assert cost(SPEED, SLOW, 0.0) == {"latency": 1.0, "seconds": 1.0}


def test_a_promise_is_broken_where_it_lies_above_the_interval_of_test(tmp_path, tiny_classifier):
    """On validation the student agreed where it was sure; on test it does not."""
    model = shutil.copytree(tiny_classifier, tmp_path / "student")
    point = Point(share=1.0, confidence=0.0, agreement=1.0, low=0.9, high=1.0)
    some = (Promise(agreement=0.95, confidence=0.6, share=0.8),
            Promise(agreement=0.99, confidence=None, share=0.0))  # fmt: skip
    kept = Deferral(teacher=None, rows=50, promises=some, curve=(point,))
    (model / "metrics.json").write_text(json.dumps({"cascade": kept.model_dump()}))
    about = {"path": str(model), "weights": "w", "speed": SPEED}
    teacher = np.tile(np.array([[2.0, 0.0]], np.float32), (40, 1))

    def verdicts(differ: int) -> list[str]:
        student = teacher.copy()
        student[:differ] = student[:differ, ::-1]
        players = {
            name: Player(about, single("ab"), {}, logits)
            for name, logits in (("teacher", teacher), ("student", student))
        }
        ((found,), _) = cascades(players, np.zeros(40, np.int64), "student")
        assert found["promises"][1]["test"]["agreement"]["value"] == 1.0
        return [verdict(one) for one in found["promises"]]

    unreached = "not reached: the teacher answers all"
    assert verdicts(0) == ["kept", unreached]
    assert verdicts(4) == ["kept within the interval", unreached]
    assert verdicts(20) == ["broken", unreached]
