"""An evaluation in the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from mashbill.models.tasks.base import Measure
from mashbill.pipelines.messages import tell
from mashbill.pipelines.report.cascade import promise_lines
from mashbill.pipelines.report.certainty import likeness_lines
from mashbill.pipelines.report.model_tables import gains, limited, measure_of, severity
from mashbill.pipelines.report.spelling import corrector_lines
from mashbill.pipelines.terminal import Terminal
from mashbill.transforms.suites.registry import CLEAN


def show_evaluation(evaluation: Mapping[str, Any]) -> None:
    """Prints a table of the main figures, and where the rest stands."""
    console = Terminal()
    console.print(accuracy_table(evaluation))
    for gain in gains(evaluation):
        console.print(
            f"{gain.under}: student {gain.student[0]}, {evaluation['bought']['baseline']} "
            f"{gain.baseline[0]}: {gain.difference[0]} ({gain.difference[1]}), {gain.verdict}",
            highlight=False,
            markup=False,
        )
    for line in (
        *likeness_lines(evaluation),
        *promise_lines(evaluation),
        *corrector_lines(evaluation),
    ):
        console.print(line, highlight=False, markup=False)
    for line in evaluation["warnings"]:
        tell(f"warning: {line}")
    for name, model in evaluation["models"].items():
        speed = model["speed"]
        console.print(
            f"{name}: {model['parameters'] / 1e6:.1f} M parameters, {speed['p50_ms']:.1f} ms "
            f"(95 %: {speed['p95_ms']:.1f} ms), {speed['rows_per_second']:,.0f} rows/s",
        )
    console.print(f"{evaluation['data']['path']}: evaluation.json has every figure")


def accuracy_table(evaluation: Mapping[str, Any]) -> Table:
    """Main figures: a line for each set and suite at its highest level, a column for each model."""
    rows = "; ".join(limited(evaluation)) or "all rows"
    measure = measure_of(evaluation)
    unit = " in %" if measure.percent else ""
    table = Table(title=f"{measure.name}{unit}, with its 95 % interval; {rows}")
    for column in ("set", "suite", "severity", "training", *evaluation["models"]):
        table.add_column(column, justify="left" if column in ("set", "suite") else "right")
    for (test, suite, level), results in _rows(evaluation):
        cells = [_cell(results[model], measure) for model in evaluation["models"]]
        table.add_row(
            test, suite, severity(evaluation, suite, level), _training(evaluation, suite), *cells
        )
    return table


def _rows(evaluation: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str, int], dict[str, dict]]]:
    by_place: dict[tuple[str, str, int], dict[str, dict]] = {}
    for result in evaluation["results"]:
        place = (result["set"], result["suite"], result["level"])
        by_place.setdefault(place, {})[result["model"]] = result
    highest = {place[:2]: place[2] for place in by_place}
    yield from ((place, r) for place, r in by_place.items() if highest[place[:2]] == place[2])


def _training(evaluation: Mapping[str, Any], suite: str) -> str:
    if suite == CLEAN:
        return ""
    return "trained" if evaluation["suites"][suite]["trained_by"] else "held out"


def _cell(result: Mapping[str, Any], measure: Measure) -> str:
    """The figure, its interval, and by how much a disturbance changed it."""
    scale, digits = (100, 1) if measure.percent else (1, 3)
    value, low, high = (scale * result[measure.key][key] for key in ("value", "low", "high"))
    gained = -scale if measure.higher_is_better else scale
    lost = f"  {gained * result['lost']['value']:+z.{digits}f}" if "lost" in result else ""
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]{lost}"
