"""What the commands print on stdout when they are done."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from mashbill.models.errors import MashbillError
from mashbill.pipelines.finalize import Finished, finalize
from mashbill.pipelines.messages import tell
from mashbill.pipelines.output import finished_shards
from mashbill.pipelines.summary import stages, written
from mashbill.pipelines.terminal import Terminal


def finish(out: str, max_rejects: float) -> None:
    """Finalizes a data set and prints its counts.

    Raises:
        MashbillError: counts that do not add up, too many rejects of a corpus in a stage, or no
            row of train or no variant where there should be some.
    """
    finished = finalize(out, max_rejects)
    console = Terminal()
    console.print(counts_table(finished.run["counts"]))
    line = f"{out}: the counts add up; see report.html for examples"
    console.print(line, soft_wrap=True)
    for warning in finished.run["warnings"]:
        tell(f"warning: {warning}")
    if finished.missing or finished.too_many_rejects:
        raise MashbillError("\n".join(_complaint(finished)))


def _complaint(finished: Finished) -> Iterator[str]:
    yield from finished.missing
    if finished.too_many_rejects:
        yield "more rejects than --max-rejects allows; the data set has been written nevertheless"
        yield from (f"  {line}" for line in finished.too_many_rejects)
    for stage, reasons in finished.run["rejects"].items():
        for reason, number in list(reasons.items())[:3]:
            yield f"  {number} x {stage}: {reason}"


def tell_unfinished(out: str, shards: int) -> None:
    """Says what is left to do where a job runs elsewhere, or another partition is still to come."""
    finished = len(finished_shards(out, shards))
    line = (
        f"{out}: {finished} of {shards} shards are finished; when all are, run mashbill "
        f"finalize {out}"
    )
    Terminal(stderr=True).print(line, soft_wrap=True)


def counts_table(counts: Mapping[str, Any]) -> Table:
    """Rows in, out and lost, a line for each stage."""
    table = Table(title="rows")
    for column in ("stage", "in", "made", "lost", "out"):
        table.add_column(column, justify="left" if column in ("stage", "lost") else "right")
    for stage in stages(counts):
        lost = ", ".join(f"{why} {rows:,}" for why, rows in stage.lost.items())
        numbers = (stage.rows_in, stage.made, stage.rows_out)
        rows_in, variants, rows_out = ("" if rows is None else f"{rows:,}" for rows in numbers)
        table.add_row(stage.name, rows_in, variants, lost, rows_out)
    rows = written(counts)
    parts = ", ".join(f"{split} {number:,}" for split, number in rows.items())
    table.add_row("write", "", "", parts, f"{sum(rows.values()):,}", style="bold")
    return table
