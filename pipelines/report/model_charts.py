"""Charts of evaluation.json: suites, calibration, people, speed; and its tables."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from matplotlib.ticker import MaxNLocator, PercentFormatter

from mashbill.pipelines.report.charts import (
    INK,
    Chart,
    figure,
    legend_below,
    name,
    style_of,
    to_svg,
)

CLEAN = "clean"
FIGURES = ("macro_f1", "nll", "brier", "ece", "worst_class")
PANELS = 4  # beside each other


class Confusion(NamedTuple):
    """Attributes: a model's name; gold by predicted class as (rows, share of the gold class)."""

    model: str
    cells: list[list[tuple[int, float]]]


def suites(evaluation: Mapping[str, Any]) -> Chart | None:
    """Accuracy against severity, a panel for each suite; level 0 is the set as it is."""
    own = next(iter(evaluation["sets"]))
    curves = _curves(evaluation, own)
    if not curves:
        return None
    models = list(evaluation["models"])
    about = f"Accuracy on {own} by severity, a panel for each suite; bars are 95 % intervals"
    height = -(-len(curves) // PANELS)
    columns = min(PANELS, len(curves))
    with figure(2.4 * columns + 0.4, 1.9 * height + 0.5, columns, height) as (made, panels):
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
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.yaxis.set_major_formatter(PercentFormatter(1, 0))
            axes.margins(x=0.12)
            axes.sharey(panels[0])
        for axes in panels[len(curves) :]:
            axes.set_visible(False)
        legend_below(panels[0])
        svg = to_svg(made, about)
    rows = [
        (suite, str(level), *(_percent(by_model[model][i][1]) for model in models))
        for suite, by_model in curves.items()
        for i, (level, _) in enumerate(by_model[models[0]])
        if level
    ]
    return Chart("Under disturbance", about, svg, ("suite", "level", *models), rows)


def _curves(evaluation: Mapping[str, Any], own: str) -> dict[str, dict[str, list]]:
    """Suite to model to (level, accuracy), from level 0; only where the answer should stay."""
    clean, curves = {}, {}
    for result in evaluation["results"]:
        if result["set"] != own:
            continue
        model, suite = result["model"], result["suite"]
        if suite == CLEAN:
            clean[model] = (0, result["accuracy"])
        elif evaluation["suites"][suite]["kind"] == "INV":
            points = curves.setdefault(suite, {}).setdefault(model, [clean[model]])
            points.append((result["level"], result["accuracy"]))
    return curves


def reliability(evaluation: Mapping[str, Any]) -> Chart | None:
    """How often a model is right when it is so sure; on the diagonal it says the truth."""
    found = list(_clean(evaluation))
    if not found:
        return None
    about = "Reliability on the test split: accuracy by confidence; the line is perfect calibration"
    with figure(4.6, 4.2) as (made, (axes,)):
        axes.plot([0, 1], [0, 1], color=INK, lw=0.8, alpha=0.6)
        for place, result in enumerate(found):
            points = result["calibration"]
            label = f"{name(result['model'])} (ECE {result['ece']:.3f})"
            axes.plot(points["confidence"], points["accuracy"], label=label, **style_of(place))
        least = min((c for r in found for c in r["calibration"]["confidence"]), default=0)
        axes.set_xlim(max(0, least - 0.05), 1.01)
        axes.set_ylim(None, 1.01)
        axes.set_xlabel("confidence")
        axes.set_ylabel("accuracy")
        legend_below(axes, 2)
        svg = to_svg(made, about)
    rows = [
        (result["model"], f"{confidence:.3f}", f"{accuracy:.3f}", f"{rows:,}")
        for result in found
        for confidence, accuracy, rows in zip(
            *(result["calibration"][key] for key in ("confidence", "accuracy", "rows")), strict=True
        )
    ]
    return Chart("Reliability", about, svg, ("model", "confidence", "accuracy", "rows"), rows)


def speed(evaluation: Mapping[str, Any]) -> Chart | None:
    """Median latency of one text against accuracy on the test split."""
    accuracy = {result["model"]: result["accuracy"] for result in _clean(evaluation)}
    models = {
        model: about["speed"]
        for model, about in evaluation["models"].items()
        if model in accuracy and about.get("speed")
    }
    if not models:
        return None
    about = "Accuracy against the median latency of one text; up and to the left is better"
    with figure(4.6, 4.2) as (made, (axes,)):
        for place, (model, found) in enumerate(models.items()):
            value = accuracy[model]
            bars = ([value["value"] - value["low"]], [value["high"] - value["value"]])
            look = {**style_of(place), "linestyle": "none"}
            axes.errorbar([found["p50_ms"]], [value["value"]], bars, label=name(model), **look)
        axes.set_xlim(0, None)
        axes.set_xlabel("p50 latency, ms")
        axes.set_ylabel("accuracy")
        axes.yaxis.set_major_formatter(PercentFormatter(1, 0))
        legend_below(axes, 2)
        svg = to_svg(made, about)
    rows = [
        (
            model,
            f"{found['p50_ms']:.1f}",
            f"{found['p95_ms']:.1f}",
            f"{found['rows_per_second']:,.0f}",
            f"{evaluation['models'][model]['parameters']:,}",
        )
        for model, found in models.items()
    ]
    header = ("model", "p50 ms", "p95 ms", "rows/s", "parameters")
    return Chart("Speed", about, svg, header, rows)


def people(evaluation: Mapping[str, Any]) -> Chart | None:
    """How near each model's probabilities are to how people voted."""
    found = evaluation.get("people") or []
    if not found:
        return None
    about = "Human votes against models: KL(people ‖ model) in nats, and correlation"
    names = [name(one["model"]) for one in found]
    with figure(7, 0.9 + 0.4 * len(found), 2) as (made, (left, right)):
        for place, one in enumerate(found):
            look = style_of(place)
            left.barh(place, one["kl"], 0.6, color=look["color"])
            right.barh(place, one["pearson"] or 0, 0.6, color=look["color"])
        left.set_yticks(range(len(found)), names)
        right.set_yticks(range(len(found)), [""] * len(found))
        left.set_xlabel("KL, nats (less is better)")
        right.set_xlabel("Pearson's r (more is better)")
        for axes in (left, right):
            axes.invert_yaxis()
            axes.grid(axis="y", visible=False)
        svg = to_svg(made, about)
    rows = [
        (one["model"], *(_number(one[key]) for key in ("kl", "pearson", "spearman", "entropy")))
        for one in found
    ]
    header = ("model", "KL", "Pearson", "Spearman", "entropy of the votes")
    return Chart("People and models", about, svg, header, rows)


def confusions(evaluation: Mapping[str, Any]) -> list[Confusion]:
    """Of each model on the test split as it is."""
    found = []
    for result in _clean(evaluation):
        rows = [[(n, n / max(1, sum(row))) for n in row] for row in result["confusion"]]
        found.append(Confusion(result["model"], rows))
    return found


def overview(evaluation: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table: each model on each set as it is."""
    header = ["set", "model", "rows", "accuracy", "95 %", "macro F1", "NLL", "Brier", "ECE",
              "worst class", "agreement"]  # fmt: skip
    rows = []
    for result in evaluation["results"]:
        if result["suite"] != CLEAN:
            continue
        accuracy = result["accuracy"]
        interval = f"{100 * accuracy['low']:.1f}–{100 * accuracy['high']:.1f}"
        rows.append(
            [
                result["set"],
                result["model"],
                f"{result['rows']:,}",
                _percent(accuracy),
                interval,
                *(f"{result[key]:.3f}" for key in FIGURES),
                _percent(result["agreement"]),
            ]
        )
    return header, rows


def differences(evaluation: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table: pairs of models on each set as it is."""
    header = [
        "set",
        "first",
        "second",
        "accuracy of first minus second",
        "p, bootstrap",
        "p, McNemar",
    ]
    rows = []
    for pair in evaluation["differences"]:
        if pair["suite"] == CLEAN:
            found = pair["accuracy"]
            rows.append(
                [pair["set"], pair["first"], pair["second"], f"{100 * found['value']:+z.1f} points",
                 f"{found['p_bootstrap']:.3f}", f"{found['p_mcnemar']:.3f}"]
            )  # fmt: skip
    return header, rows


def checks(evaluation: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table: what each model fails of the suites MFT (cases answered wrong)
    and DIR (changed rows of which the label's probability rises), with 95 % intervals."""
    models = list(evaluation["models"])
    found: dict[tuple[str, str, int], dict[str, str]] = {}
    for one in evaluation["results"]:
        kind = evaluation["suites"].get(one["suite"], {}).get("kind")
        place = (one["set"], one["suite"], one["level"])
        if kind == "MFT":
            right = one["accuracy"]
            wrong = {
                "value": 1 - right["value"],
                "low": 1 - right["high"],
                "high": 1 - right["low"],
            }
            found.setdefault(place, {})[one["model"]] = _failed(wrong, one["rows"])
        elif kind == "DIR" and "rises" in one:
            found.setdefault(place, {})[one["model"]] = _failed(one["rises"], one["changed"])
    rows = [
        [test, suite, str(level), *(of.get(model, "") for model in models)]
        for (test, suite, level), of in found.items()
    ]
    return ["set", "suite", "level", *models], rows


def _failed(share: Mapping[str, float], rows: int) -> str:
    low, high = (f"{100 * share[key]:z.1f}" for key in ("low", "high"))
    return f"{round(share['value'] * rows):,} of {rows:,} ({low}–{high} %)"


def slices(evaluation: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table: accuracy by slice, a column for each model."""
    models = list(evaluation["models"])
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in evaluation["slices"]:
        found.setdefault((one["by"], one["slice"]), {})[one["model"]] = one
    rows = [
        [by, piece, f"{next(iter(of.values()))['rows']:,}",
         *(_percent(of[model]["accuracy"]) for model in models)]
        for (by, piece), of in found.items()
    ]  # fmt: skip
    return ["by", "slice", "rows", *models], rows


def _clean(evaluation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    own = next(iter(evaluation["sets"]), None)
    for result in evaluation["results"]:
        if result["set"] == own and result["suite"] == CLEAN:
            yield result


def _percent(value: Mapping[str, float]) -> str:
    return f"{100 * value['value']:.1f} %"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
