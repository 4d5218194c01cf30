import re
from xml.etree import ElementTree

import pytest

from mashbill.models.tasks.registry import single
from mashbill.pipelines.report import cascade, data_charts, model_charts
from mashbill.pipelines.report.charts import INK
from mashbill.pipelines.report.distributions import distributions
from mashbill.pipelines.summary import Stage
from tests.pipelines.finished import EVALUATION, HOSTILE, LABELS, finished


@pytest.fixture(scope="module")
def charts(tmp_path_factory):
    found = distributions(str(finished(tmp_path_factory.mktemp("out"))), single(LABELS))[0]
    stages = [
        Stage("read", 40, None, {HOSTILE: 7}, 33),
        Stage(HOSTILE, 33, 62, {}, 95),
        Stage("filter", 95, None, {"dropped": 31}, 64),
    ]
    return {
        "flow": data_charts.flow(stages),
        "lengths": data_charts.lengths(found.words),
        "confidence": data_charts.confidence(found.confidence),
        "labels": data_charts.labels(found.labels, LABELS, found.train),
        "synthetic": data_charts.synthetic(found.confidence, 0.5),
        "suites": model_charts.suites(EVALUATION),
        "reliability": model_charts.reliability(EVALUATION),
        "speed": model_charts.speed(EVALUATION),
        "cascade": cascade.curves(EVALUATION),
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
    assert [row[:2] for row in charts["suites"].rows] == [(HOSTILE, "10 %"), (HOSTILE, HOSTILE)]
    assert charts["suites"].rows[1][2:] == ("50.0 % (40.0–60.0)",) * 2


def test_an_evaluation_of_nothing_has_no_charts():
    nothing = {"sets": {"test": {}}, "results": [], "models": {}, "suites": {}}
    empty = {**EVALUATION, **nothing, "people": [], "cascades": []}
    made = [model_charts.suites, model_charts.reliability, model_charts.speed, model_charts.people]
    assert [make(empty) for make in [*made, cascade.curves]] == [None] * 5


def test_the_table_of_a_cascade_has_a_line_for_each_point(charts):
    assert charts["cascade"].rows == [
        (HOSTILE, split, *point)
        for split in ("validation", "test")
        for point in (
            ("0 %", "none", "100.0 % (90.0–100.0)"),
            ("100 %", "0.000", "80.0 % (70.0–90.0)"),
        )
    ]
    assert [row[6] for row in cascade.promises(EVALUATION)[1]] == [
        "broken", "not reached: the teacher answers all"
    ]  # fmt: skip
