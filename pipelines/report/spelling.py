"""What evaluation.json says of spelling correctors: a table, and lines for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from mashbill.pipelines.report.model_tables import Table, measure_of
from mashbill.pipelines.shares import figure, with_interval


def correctors(evaluation: Mapping[str, Any]) -> Table:
    """What each corrector does to texts as they are, and what it costs."""
    measure = measure_of(evaluation)
    header = ["model", "words it knows", "rows", "clean texts changed",
              f"{measure.name}, clean, with minus without", "p50 ms", "p95 ms"]  # fmt: skip
    rows = []
    for one in evaluation.get("spelling") or []:
        value, interval = figure(one["gained"], "+", measure.percent)
        rows.append(
            [one["model"], f"{one['words']:,}", f"{one['rows']:,}", with_interval(one["changed"]),
             f"{value} ({interval})", *(f"{one['speed'][key]:.2f}" for key in ("p50_ms", "p95_ms"))]
        )  # fmt: skip
    return header, rows


def corrector_lines(evaluation: Mapping[str, Any]) -> Iterator[str]:
    """The same for the terminal, a line for each."""
    measure = measure_of(evaluation)
    for one in evaluation.get("spelling") or []:
        value, interval = figure(one["gained"], "+", measure.percent)
        yield (
            f"{one['model']}: its spelling corrector changes {with_interval(one['changed'])} of "
            f"the clean texts, {measure.name} {value} ({interval}), and takes "
            f"{one['speed']['p50_ms']:.2f} ms a text"
        )
