"""What the commands print on stdout when they are done."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from models.errors import MashbillError
from pipelines.finalize import finalize
from transforms.examples import SPLITS


def finish(out: str, max_rejects: float) -> None:
    """Finalizes a data set and prints its counts.

    Raises:
        MashbillError: counts that do not add up, or a corpus with too many rejects.
    """
    finished = finalize(out, max_rejects)
    console = Console()
    console.print(counts_table(finished.run["counts"]))
    console.print(f"{out}: the counts add up; report.html shows examples", highlight=False)
    if finished.too_many_rejects:
        reasons = [
            f"  {number} x {stage}: {reason}"
            for stage, found in finished.run["rejects"].items()
            for reason, number in list(found.items())[:3]
        ]
        raise MashbillError(
            "more rejects than --max-rejects allows; the data set is written all the same\n"
            + "\n".join([f"  {line}" for line in finished.too_many_rejects] + reasons)
        )


def counts_table(counts: Mapping[str, Any]) -> Table:
    """Rows in, out and lost, a line for each stage."""
    table = Table(title="rows")
    for column in ("stage", "in", "made", "lost", "out"):
        table.add_column(column, justify="left" if column in ("stage", "lost") else "right")
    for stage, found in counts.items():
        if stage == "write":
            continue
        rows_in = found.get("in", found.get("rows", 0))
        made = found.get("variants")
        why = {**found.get("dropped", {})}
        why |= {k: found[k] for k in ("blank", "exhausted", "held_out", "rejected") if k in found}
        lost = ", ".join(f"{name} {number:,}" for name, number in why.items() if number)
        table.add_row(stage, f"{rows_in:,}", f"{made:,}" if made else "", lost, f"{found['out']:,}")
    written = counts["write"]
    parts = ", ".join(f"{split} {written[split]:,}" for split in SPLITS if split in written)
    total = sum(written.get(split, 0) for split in SPLITS)
    table.add_row("write", "", "", parts, f"{total:,}", style="bold")
    return table


def show_metrics(title: str, metrics: Mapping[str, Any]) -> None:
    """Prints nested figures, a line for each group."""
    console = Console()
    console.print(f"[bold]{title}[/]")
    for group, values in metrics.items():
        if isinstance(values, Mapping):
            figures = ", ".join(
                f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value}"
                for name, value in values.items()
            )
            console.print(f"  {group}: {figures}", highlight=False, markup=False)
