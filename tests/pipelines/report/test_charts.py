import re
from xml.etree import ElementTree

import pytest

from mashbill.pipelines.report import data_charts, model_charts
from mashbill.pipelines.report.charts import INK
from mashbill.pipelines.report.distributions import distributions
from mashbill.pipelines.summary import Stage
from tests.pipelines.finished import EVALUATION, HOSTILE, LABELS, finished


@pytest.fixture(scope="module")
def charts(tmp_path_factory):
    found = distributions(str(finished(tmp_path_factory.mktemp("out"))))
    stages = [
        Stage("read", 40, None, {HOSTILE: 7}, 33),
        Stage(HOSTILE, 33, 62, {}, 95),
        Stage("filter", 95, None, {"dropped": 31}, 64),
    ]
    return {
        "flow": data_charts.flow(stages),
        "lengths": data_charts.lengths(found.words),
        "confidence": data_charts.confidence(found.confidence),
        "labels": data_charts.labels(found.labels, LABELS),
        "synthetic": data_charts.synthetic(found.confidence, 0.5),
        "suites": model_charts.suites(EVALUATION),
        "reliability": model_charts.reliability(EVALUATION),
        "speed": model_charts.speed(EVALUATION),
        "people": model_charts.people(EVALUATION),
    }


def test_a_chart_is_one_element_with_words_for_whoever_cannot_see_it(charts):
    for chart in charts.values():
        root = ElementTree.fromstring(str(chart.svg))
        assert root.tag.endswith("svg")
        assert root.attrib["aria-label"] == chart.about
        assert all(len(row) == len(chart.header) for row in chart.rows)


def test_charts_take_the_pages_ink_and_nothing_from_outside(charts):
    for chart in charts.values():
        assert INK not in chart.svg
        assert "currentColor" in chart.svg
        assert not re.search(r'(href|src)="(?!#)', chart.svg)
        assert "<script" not in chart.svg


def test_the_flow_adds_up(charts):
    assert charts["flow"].rows == [
        ("read", "40", "0", "7", "33"),
        (HOSTILE, "33", "62", "0", "95"),
        ("filter", "95", "0", "31", "64"),
    ]


def test_lines_of_models_differ_in_more_than_colour(charts):
    svg = charts["reliability"].svg
    assert len(set(re.findall(r"stroke-dasharray: ([^;\"]+)", svg))) >= 1


def test_the_table_of_the_suites_has_a_line_for_each_level(charts):
    assert [row[:2] for row in charts["suites"].rows] == [(HOSTILE, "1"), (HOSTILE, "2")]
    assert charts["suites"].rows[1][2:] == ("50.0 %", "50.0 %")


def test_an_evaluation_of_nothing_has_no_charts():
    empty = {"sets": {"test": {}}, "results": [], "models": {}, "suites": {}}
    made = [model_charts.suites, model_charts.reliability, model_charts.speed, model_charts.people]
    assert [make(empty) for make in made] == [None] * 4


def test_models_beside_each_other_in_tables():
    header, rows = model_charts.overview(EVALUATION)
    assert [row[1] for row in rows] == ["teacher", HOSTILE]
    assert len(header) == len(rows[0])
    assert model_charts.differences(EVALUATION)[1][0][3] == "+0.0 points"
    assert model_charts.slices(EVALUATION)[1] == [["label", HOSTILE, "5", "50.0 %", "50.0 %"]]
    (first, _) = model_charts.confusions(EVALUATION)
    assert first.cells == [[(4, 0.8), (1, 0.2)], [(2, 0.4), (3, 0.6)]]


def test_failed_checks_are_counted_and_never_drawn_as_accuracy():
    share = {"value": 0.25, "low": 0.0, "high": 0.5}
    where = {"set": "test", "level": 1, "model": "teacher"}
    results = [
        {**where, "suite": "negated_cases", "rows": 84, "accuracy": share},
        {**where, "suite": "negation", "rows": 50, "changed": 8, "accuracy": share, "rises": share},
    ]
    suites = {"negated_cases": {"kind": "MFT"}, "negation": {"kind": "DIR"}}
    found = {"sets": {"test": {}}, "models": {"teacher": {}}, "suites": suites, "results": results}
    assert model_charts.checks(found) == (
        ["set", "suite", "level", "teacher"],
        [
            ["test", "negated_cases", "1", "63 of 84 (50.0–100.0 %)"],
            ["test", "negation", "1", "2 of 8 (0.0–50.0 %)"],
        ],
    )
    assert model_charts.suites(found) is None


def test_a_difference_that_rounds_to_nothing_has_no_minus():
    pair = {**EVALUATION["differences"][0]}
    pair["accuracy"] = {"value": -0.0001, "p_bootstrap": 1.0, "p_mcnemar": 1.0}
    assert model_charts.differences({"differences": [pair]})[1][0][3] == "+0.0 points"
