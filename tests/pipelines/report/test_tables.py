from mashbill.pipelines.report import model_charts, model_tables
from tests.pipelines.finished import EVALUATION, HOSTILE
from tests.pipelines.report.eight_classes import LABELS, MODELS, ROWS, eight_classes


def test_models_beside_each_other_in_tables():
    header, rows = model_tables.overview(EVALUATION)
    assert [row[1] for row in rows] == ["teacher", HOSTILE]
    assert len(header) == len(rows[0])
    assert model_tables.differences(EVALUATION)[1][0][4] == "+0.0 points (-10.0 to +10.0)"
    assert model_tables.slices(EVALUATION)[1] == [
        ["label", HOSTILE, "5", *["50.0 % (20.0–80.0)"] * 2]
    ]
    (first, _) = model_tables.confusions(EVALUATION)
    assert first.cells == [[(4, 0.8), (1, 0.2)], [(2, 0.4), (3, 0.6)]]


def test_failed_checks_are_counted_and_never_drawn_as_accuracy():
    share = {"value": 0.25, "low": 0.0, "high": 0.5}
    where = {"set": "test", "level": 1, "model": "teacher"}
    results = [
        {**where, "suite": "negated_cases", "rows": 84, "accuracy": share},
        {**where, "suite": "negation", "rows": 50, "changed": 8, "accuracy": share, "rises": share},
    ]
    suites = {"negated_cases": {"kind": "MFT"}, "negation": {"kind": "DIR"}}
    only = {"sets": {"test": {}}, "models": {"teacher": {}}, "suites": suites, "results": results}
    found = {**EVALUATION, **only}
    assert model_tables.checks(found) == (
        ["set", "suite", "teacher"],
        [
            ["test", "negated_cases", "63 of 84 (50.0–100.0 %)"],
            ["test", "negation", "2 of 8 (0.0–50.0 %)"],
        ],
    )
    assert model_charts.suites(found) is None


def test_a_difference_that_rounds_to_nothing_has_no_minus():
    pair = {**EVALUATION["differences"][0]}
    pair["accuracy"] = {**pair["accuracy"], "value": -0.0001, "low": -0.0002, "high": 0.0001}
    (row,) = model_tables.differences({**EVALUATION, "differences": [pair]})[1]
    assert row[4] == "+0.0 points (+0.0 to +0.0)"


def test_a_gain_is_one_only_where_its_interval_is_above_nothing():
    clean, unseen = model_tables.gains(EVALUATION)
    assert (clean.under, clean.verdict) == ("as they are", "no difference shown")
    assert unseen == (
        "unseen noise",
        HOSTILE,
        ("80.0 %", "70.0–90.0"),
        ("75.0 %", "65.0–85.0"),
        ("+5.0 points", "+1.0 to +12.0"),
        "better",
    )


def test_where_rows_are_limited_that_stands_beside_the_figures():
    assert model_tables.limited(EVALUATION) == ["test: 10 of 12 rows"]
    assert [row[2] for row in model_tables.overview(EVALUATION)[1]] == ["10 of 12"] * 2
    assert model_tables.differences(EVALUATION)[1][0][1] == "10 of 12"
    for make in (model_charts.suites, model_charts.reliability):
        assert "(10 of 12 rows)" in make(EVALUATION).about
    whole = {**EVALUATION, "sets": {"test": {"rows": 12, "of": 12}}}
    assert model_tables.limited(whole) == []
    assert model_tables.rows_of(whole, "test") == "12 rows"


def test_of_eight_classes_each_has_its_rows_and_an_interval(tmp_path):
    _, evaluation = eight_classes(tmp_path)
    for found in model_tables.confusions(evaluation):
        assert [sum(rows for rows, _ in line) for line in found.cells] == ROWS
        assert all(abs(sum(share for _, share in line) - 1) < 1e-9 for line in found.cells)
    header, rows = model_tables.slices(evaluation)
    assert header == ["by", "slice", "rows", *MODELS]
    assert [row[1:3] for row in rows] == [[n, str(k)] for n, k in zip(LABELS, ROWS, strict=True)]
    assert rows[-1][3] == "100.0 % (34.2–100.0)"  # two rows, both right
    chart = model_charts.suites(evaluation)
    assert all(model in chart.svg for model in MODELS)
    assert "50 %" in chart.svg
