"""The page of a search: what it found, what mattered, the best trials, and the way there."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader

from mashbill.pipelines.report.charts import Chart, figure, legend_below, name, style_of, to_svg
from mashbill.pipelines.shares import with_interval

TRIALS_SHOWN = 10
Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def page(result: Mapping[str, Any], recipe: str) -> str:
    """HTML that needs nothing beside it; whatever names and recipe say is escaped.

    Args:
        result: see `search`.
        recipe: the text of the recipe that was found.
    """
    environment = Environment(
        loader=PackageLoader("mashbill.pipelines"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["json"] = lambda value: orjson.dumps(value).decode()
    return environment.get_template("search.html").render(
        result=result,
        recipe=recipe,
        charts=[curve(result), *importances(result)],
        tables=[
            ("Tested once", tested(result)),
            ("Best trials", best(result)),
            ("Methods before any training", methods(result)),
        ],
    )


def curve(result: Mapping[str, Any]) -> Chart:
    """The figure of each finished trial, the mean of its trainings, and the best so far."""
    about = "Mean of clean and noisy validation by trial, and the best so far"
    found = [one for one in result["trials"] if one["value"] is not None]
    values = [one["value"] for one in found]
    numbers = [one["number"] for one in found]
    so_far = [max(values[: place + 1]) for place in range(len(values))]
    with figure(6.0, 3.6) as (made, (axes,)):
        axes.plot(numbers, values, label="trial", **{**style_of(0), "linestyle": ""})
        axes.step(numbers, so_far, where="post", label="best so far", **{**style_of(1),
                  "marker": ""})  # fmt: skip
        axes.set_xlabel("trial")
        axes.set_ylabel("mean of clean and noise")
        legend_below(axes)
        svg = to_svg(made, about)
    rows = [
        (str(number), f"{value:.4f}", f"{best:.4f}")
        for number, value, best in zip(numbers, values, so_far, strict=True)
    ]
    return Chart("The way there", about, svg, ("trial", "value", "best so far"), rows)


def importances(result: Mapping[str, Any]) -> list[Chart]:
    """Shares of the variance between trials; nothing where there were too few."""
    found = list(result["importances"].items())[:15]
    if not found:
        return []
    about = "Share of the variance between trials that each parameter accounts for (PED-ANOVA)"
    with figure(6.0, 0.8 + 0.3 * len(found)) as (made, (axes,)):
        axes.barh([name(key) for key, _ in reversed(found)], [one for _, one in reversed(found)])
        axes.set_xlabel("share")
        svg = to_svg(made, about)
    rows = [(key, f"{share:.3f}") for key, share in found]
    return [Chart("What mattered", about, svg, ("parameter", "share"), rows)]


def tested(result: Mapping[str, Any]) -> Table:
    test = result.get("test") or {"models": {}, "differences": {}}
    models = test["models"]
    conditions = list(next(iter(models.values()), {}))
    header = ["", *models, *(f"against {other}" for other in test["differences"])]
    rows = [
        [
            condition,
            *(with_interval(found[condition]) for found in models.values()),
            *(_gap(gap) if condition == "mean" else "" for gap in test["differences"].values()),
        ]
        for condition in conditions
    ]
    return header, rows


def _gap(gap: Mapping[str, float]) -> str:
    return f"{100 * gap['value']:+.1f} ({100 * gap['low']:+.1f} to {100 * gap['high']:+.1f})"


def best(result: Mapping[str, Any]) -> Table:
    """The finalists, then the best of the others, with all that was chosen."""
    done = [one for one in result["trials"] if one["state"] == "complete"]
    ranked = sorted(done, key=lambda one: (-len(one["trainings"]), -one["value"]))[:TRIALS_SHOWN]
    rows = [
        [
            str(one["number"]),
            f"{one['value']:.4f}",
            ", ".join(f"{value:.4f}" for value in one["trainings"]),
            str(one["rows"]),
            _said(one["parameters"]),
        ]
        for one in ranked
    ]
    return ["trial", "value", "its trainings", "train rows", "chosen"], rows


def _said(parameters: Mapping[str, Any]) -> str:
    used = [key.removeprefix("use ") for key, value in parameters.items()
            if key.startswith("use ") and value]  # fmt: skip
    others = {
        key: value
        for key, value in parameters.items()
        if " " not in key or key.split(" ")[-1] in used
    }
    said = [f"{key}: {_value(value)}" for key, value in others.items() if key[:4] != "use "]
    return "; ".join([f"methods: {', '.join(used) or 'none'}", *said])


def _value(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def methods(result: Mapping[str, Any]) -> Table:
    """What the teacher says of the variants of each."""
    header = ["method", "variants", "labels kept", "similarity", "spread of the mean", "left out"]
    rows = [
        [
            label,
            f"{one['rows']:,}",
            f"{100 * one['labels_kept']:.1f} %",
            "" if one["similarity"] is None else f"{one['similarity']:.3f}",
            f"{one['spread']:.4f}",
            result["left_out"].get(label, ""),
        ]
        for label, one in result["proxies"].items()
    ]
    return header, rows
