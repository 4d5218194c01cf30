"""What evaluation.json says of the models' likeness to the teacher: tables, and terminal lines."""

from collections.abc import Iterator, Mapping
from typing import Any

from mashbill.pipelines.report.model_tables import Table, measure_of
from mashbill.pipelines.shares import figure, with_interval


def by_confidence(evaluation: Mapping[str, Any]) -> Table:
    """Agreement by the teacher's confidence, a column for each model."""
    models = evaluation.get("likeness") or []
    bins: dict[tuple[float, float], dict[str, Mapping[str, Any]]] = {}
    for one in models:
        for bin_ in one["by_confidence"]:
            bins.setdefault((bin_["low"], bin_["high"]), {})[one["model"]] = bin_
    rows = [
        [f"{low:g} to {high:g}", f"{next(iter(of.values()))['rows']:,}",
         *(with_interval(of[one["model"]]["agreement"]) for one in models)]
        for (low, high), of in bins.items()
    ]  # fmt: skip
    return ["teacher's confidence", "rows", *(one["model"] for one in models)], rows


def differing(evaluation: Mapping[str, Any]) -> Table:
    """Each model's agreement beside the ceiling, and who is right where it differs."""
    measure = measure_of(evaluation)
    header = ["model", "rows", "agreement with the teacher", "above two teachers",
              "rows that differ", f"{measure.name} of the teacher there",
              f"{measure.name} of the model there"]  # fmt: skip
    rows = []
    for one in evaluation.get("likeness") or []:
        gap, apart = one["above_ceiling"], one["differing"]
        value, interval = figure(gap, "+") if gap else ("", "")
        there = (apart[key] and with_interval(apart[key], measure.percent) for key in _BOTH)
        rows.append(
            [one["model"], f"{one['rows']:,}", with_interval(one["agreement"]),
             f"{value} ({interval})" if gap else "", f"{apart['rows']:,}",
             *(cell or "" for cell in there)]
        )  # fmt: skip
    return header, rows


_BOTH = ("teacher", "model")


def likeness_lines(evaluation: Mapping[str, Any]) -> Iterator[str]:
    """For the terminal, a line for each model."""
    measure = measure_of(evaluation)
    for one in evaluation.get("likeness") or []:
        line = f"{one['model']}: {with_interval(one['agreement'])} agreement with the teacher"
        if gap := one["above_ceiling"]:
            value, interval = figure(gap, "+")
            line += f", {value} ({interval}) against a second teacher"
        if rows := one["differing"]["rows"]:
            teacher, model = (
                with_interval(one["differing"][key], measure.percent) for key in _BOTH
            )
            line += (
                f"; {measure.name} of the {rows:,} rows that differ: teacher {teacher}, "
                f"{one['model']} {model}"
            )
        yield line
