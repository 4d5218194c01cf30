"""Charts of evaluation.json: suites, calibration, people, speed."""

from collections.abc import Mapping
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
from mashbill.pipelines.report.model_tables import (
    CLEAN,
    measure_of,
    of_clean,
    rows_of,
    severity,
)
from mashbill.pipelines.shares import with_interval

PANELS = 4  # beside each other
PEOPLE = ("kl", "pearson", "spearman", "entropy")


def suites(evaluation: Mapping[str, Any]) -> Chart | None:
    """The main figure against severity, a panel for each suite; level 0 is the set as it is."""
    own = next(iter(evaluation["sets"]))
    curves = _curves(evaluation, own)
    if not curves:
        return None
    models, measure = list(evaluation["models"]), measure_of(evaluation)
    about = (
        f"{_capital(measure.name)} on {own} ({rows_of(evaluation, own)}) by severity, a panel for "
        "each suite; bars are 95 % intervals"
    )
    height = -(-len(curves) // PANELS)
    columns = min(PANELS, len(curves))
    with figure(2.4 * columns + 0.4, 1.9 * height + 0.5, columns, height) as (chart, panels):
        for axes, (suite, by_model) in zip(panels, curves.items(), strict=False):
            trained = "trained" if evaluation["suites"][suite]["trained_by"] else "held out"
            axes.set_title(f"{name(suite)} ({trained})", fontsize=9)
            for place, model in enumerate(models):
                points = by_model[model]
                values = [point["value"] for _, point in points]
                below = [point["value"] - point["low"] for _, point in points]
                above = [point["high"] - point["value"] for _, point in points]
                levels = [level + 0.06 * (place - len(models) / 2) for level, _ in points]
                axes.errorbar(
                    levels, values, (below, above), label=name(model), elinewidth=0.7,
                    **style_of(place),
                )  # fmt: skip
            levels = [level for level, _ in by_model[models[0]]]
            names = [severity(evaluation, suite, level) for level in levels]
            axes.set_xticks(levels, names, fontsize=8)
            if measure.percent:
                axes.yaxis.set_major_formatter(PercentFormatter(1, 0, " %"))
            axes.margins(x=0.15)
            axes.sharey(panels[0])
        for axes in panels[len(curves) :]:
            axes.set_visible(False)
        legend_below(panels[0])
        svg = to_svg(chart, about)
    rows = [
        (
            suite,
            severity(evaluation, suite, level),
            *(with_interval(by_model[model][i][1], measure.percent) for model in models),
        )
        for suite, by_model in curves.items()
        for i, (level, _) in enumerate(by_model[models[0]])
        if level
    ]
    return Chart("Under disturbance", about, svg, ("suite", "severity", *models), rows)


def _curves(evaluation: Mapping[str, Any], own: str) -> dict[str, dict[str, list]]:
    """Suite to model to (level, main figure), from level 0; only where the answer should stay."""
    clean, curves, key = {}, {}, measure_of(evaluation).key
    for result in evaluation["results"]:
        if result["set"] != own:
            continue
        model, suite = result["model"], result["suite"]
        if suite == CLEAN:
            clean[model] = (0, result[key])
        elif evaluation["suites"][suite]["kind"] == "INV":
            points = curves.setdefault(suite, {}).setdefault(model, [clean[model]])
            points.append((result["level"], result[key]))
    return curves


def reliability(evaluation: Mapping[str, Any]) -> Chart | None:
    """How often a model is right when it is so sure; on the diagonal it says the truth."""
    calibrated = [result for result in of_clean(evaluation) if "calibration" in result]
    if not calibrated:
        return None
    rows = rows_of(evaluation, next(iter(evaluation["sets"])))
    about = (
        f"Reliability on the test split ({rows}): accuracy by confidence, with 95 % intervals; the "
        "line is perfect calibration"
    )
    with figure(4.6, 4.2) as (chart, (axes,)):
        axes.plot([0, 1], [0, 1], color=INK, lw=0.8, alpha=0.6)
        for place, result in enumerate(calibrated):
            points = result["calibration"]
            chance = result["ece_if_calibrated"]
            label = (
                f"{name(result['model'])} (ECE {result['ece']['value']:.3f}; "
                f"if calibrated {chance['low']:.3f}–{chance['high']:.3f})"
            )
            below, above = (
                [abs(a - b) for a, b in zip(points["accuracy"], points[end], strict=True)]
                for end in ("low", "high")
            )
            axes.errorbar(
                points["confidence"], points["accuracy"], (below, above), label=label,
                elinewidth=0.7, **style_of(place),
            )  # fmt: skip
        least = min((c for r in calibrated for c in r["calibration"]["confidence"]), default=0)
        axes.set_xlim(max(0, least - 0.05), 1.01)
        axes.set_ylim(None, 1.01)
        axes.set_xlabel("confidence")
        axes.set_ylabel("accuracy")
        legend_below(axes, 1)
        svg = to_svg(chart, about)
    rows = [
        (
            result["model"],
            f"{point['confidence']:.3f}",
            with_interval({**point, "value": point["accuracy"]}),
            f"{point['rows']:,}",
        )
        for result in calibrated
        for point in _points(result["calibration"])
    ]
    return Chart("Reliability", about, svg, ("model", "confidence", "accuracy", "rows"), rows)


def _points(calibration: Mapping[str, list]) -> list[dict[str, float]]:
    """The bins of a reliability diagram, one by one."""
    return [
        dict(zip(calibration, values, strict=True))
        for values in zip(*calibration.values(), strict=True)
    ]


def speed(evaluation: Mapping[str, Any]) -> Chart | None:
    """Median latency of one text against the main figure on the test split."""
    measure = measure_of(evaluation)
    accuracy = {result["model"]: result[measure.key] for result in of_clean(evaluation)}
    models = {
        model: about["speed"]
        for model, about in evaluation["models"].items()
        if model in accuracy and about.get("speed")
    }
    if not models:
        return None
    better = "up" if measure.higher_is_better else "down"
    about = (
        f"{_capital(measure.name)} against the median latency of one text; {better} and to the "
        "left is better"
    )
    with figure(4.6, 4.2) as (chart, (axes,)):
        for place, (model, about_model) in enumerate(models.items()):
            value = accuracy[model]
            bars = ([value["value"] - value["low"]], [value["high"] - value["value"]])
            look = {**style_of(place), "linestyle": "none"}
            axes.errorbar(
                [about_model["p50_ms"]], [value["value"]], bars, label=name(model), **look
            )
        axes.set_xlim(0, None)
        axes.set_xlabel("p50 latency, ms")
        axes.set_ylabel(measure.name)
        if measure.percent:
            axes.yaxis.set_major_formatter(PercentFormatter(1, 0, " %"))
        legend_below(axes, 2)
        svg = to_svg(chart, about)
    rows = [
        (
            model,
            f"{about_model['p50_ms']:.1f}",
            f"{about_model['p95_ms']:.1f}",
            f"{about_model['rows_per_second']:,.0f}",
            f"{evaluation['models'][model]['parameters']:,}",
        )
        for model, about_model in models.items()
    ]
    header = ("model", "p50 ms", "p95 ms", "rows/s", "parameters")
    return Chart("Speed", about, svg, header, rows)


def people(evaluation: Mapping[str, Any]) -> Chart | None:
    """How near each model's probabilities are to how people voted."""
    rated = evaluation.get("people") or []
    if not rated:
        return None
    about = "Human votes against models: KL(people ‖ model) in nats, and correlation"
    names = [name(one["model"]) for one in rated]
    with figure(7, 0.9 + 0.4 * len(rated), 2) as (chart, (left, right)):
        for place, one in enumerate(rated):
            look = style_of(place)
            left.barh(place, one["kl"]["value"], 0.6, color=look["color"])
            right.barh(place, _value(one["pearson"]), 0.6, color=look["color"])
        left.set_yticks(range(len(rated)), names)
        right.set_yticks(range(len(rated)), [""] * len(rated))
        left.set_xlabel("KL, nats (less is better)")
        right.set_xlabel("Pearson's r (more is better)")
        for axes in (left, right):
            axes.invert_yaxis()
            axes.grid(axis="y", visible=False)
        svg = to_svg(chart, about)
    rows = [
        (
            one["model"],
            f"{one['rows']:,}",
            *((one[key] and with_interval(one[key], percent=False)) or "" for key in PEOPLE),
        )
        for one in rated
    ]
    header = ("model", "rows", "KL", "Pearson", "Spearman", "entropy of the votes")
    return Chart("People and models", about, svg, header, rows)


def _value(interval: Mapping[str, float] | None) -> float:
    return 0.0 if interval is None else interval["value"]


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
