"""What evaluation.json says of cascades: a chart, a table, and lines for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from matplotlib.ticker import PercentFormatter

from mashbill.pipelines.report.charts import (
    INK,
    Chart,
    figure,
    legend_below,
    name,
    style_of,
    to_svg,
)
from mashbill.pipelines.report.model_tables import Table, measure_of, rows_of
from mashbill.pipelines.shares import with_interval

SPLITS = ("validation", "test")


def curves(evaluation: Mapping[str, Any]) -> Chart | None:
    """Agreement of cascade and teacher by the share that the student answers alone."""
    cascades = evaluation.get("cascades") or []
    if not cascades:
        return None
    rows = rows_of(evaluation, next(iter(evaluation["sets"])))
    about = (
        "Agreement of cascade and teacher on all rows, by the share that the student answers "
        f"alone, on validation and on test ({rows}); bars are 95 % intervals, lines what is "
        "promised"
    )
    lines = [(one["model"], split, one["curve"][split]) for one in cascades for split in SPLITS]
    with figure(4.6, 4.2) as (chart, (axes,)):
        for promise in cascades[0]["promises"]:
            axes.axhline(promise["agreement"], color=INK, lw=0.6, alpha=0.6)
        for place, (model, split, points) in enumerate(lines):
            values = [point["agreement"] for point in points]
            below = [point["agreement"] - point["low"] for point in points]
            above = [point["high"] - point["agreement"] for point in points]
            axes.errorbar(
                [point["share"] for point in points], values, (below, above),
                label=f"{name(model)}, {split}", elinewidth=0.7, **style_of(place),
            )  # fmt: skip
        axes.set_xlabel("answered by the student alone")
        axes.set_ylabel("agreement with the teacher")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, 0, " %"))
        legend_below(axes, 2)
        svg = to_svg(chart, about)
    table = [
        (model, split, _percent(point["share"]), _confidence(point), _agreement(point))
        for model, split, points in lines
        for point in points
    ]
    header = ("model", "split", "answered alone", "from confidence", "agreement")
    return Chart("Cascade", about, svg, header, table)


def promises(evaluation: Mapping[str, Any]) -> Table:
    """Each promise of validation, and what became of it on test."""
    measure = measure_of(evaluation)
    header = ["model", "agreement promised", "from confidence", "alone, validation", "alone, test",
              "agreement, test", "promise", f"{measure.name}, test", "cost, one text",
              "cost, many"]  # fmt: skip
    rows = [
        [
            model,
            _percent(one["agreement"]),
            _confidence(one),
            _percent(one["share"]),
            with_interval(one["test"]["share"]),
            with_interval(one["test"]["agreement"]),
            verdict(one),
            with_interval(one["test"][measure.key], measure.percent),
            *(f"{one['cost'][key]:.2f}" for key in ("latency", "seconds")),
        ]
        for model, one in _promises(evaluation)
    ]
    return header, rows


def promise_lines(evaluation: Mapping[str, Any]) -> Iterator[str]:
    """The same for the terminal, a line for each."""
    for model, one in _promises(evaluation):
        test, cost = one["test"], one["cost"]
        alone = f"{model} alone from confidence {_confidence(one)}: "
        if one["confidence"] is None:
            alone = f"{model} never alone: "
        yield (
            f"{alone}{with_interval(test['share'])} of test, and with the teacher "
            f"{with_interval(test['agreement'])} agreement for the promised "
            f"{_percent(one['agreement'])}: {verdict(one)}; {cost['seconds']:.2f} of the "
            f"teacher's time, {cost['latency']:.2f} text by text"
        )


def verdict(promise: Mapping[str, Any]) -> str:
    """Whether test bears out what validation promised."""
    if promise["confidence"] is None:
        return "not reached: the teacher answers all"
    if promise["test"]["agreement"]["value"] >= promise["agreement"]:
        return "kept"
    return "kept within the interval" if promise["kept"] else "broken"


def _promises(evaluation: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for cascade in evaluation.get("cascades") or []:
        for one in cascade["promises"]:
            yield cascade["model"], one


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %".replace(".0 %", " %")


def _confidence(promise: Mapping[str, Any]) -> str:
    return "none" if promise["confidence"] is None else f"{promise['confidence']:.3f}"


def _agreement(point: Mapping[str, float]) -> str:
    return with_interval({**point, "value": point["agreement"]})
