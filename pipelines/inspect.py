"""`mashbill inspect`: a summary in the terminal, and the report page."""

from collections.abc import Mapping, Sequence

from apache_beam.io.filesystems import FileSystems
from rich.box import SIMPLE_HEAD
from rich.table import Table

from mashbill.models.errors import MashbillError
from mashbill.pipelines.report import write_report
from mashbill.pipelines.show import counts_table
from mashbill.pipelines.summary import Group, balance, made_by, read_run
from mashbill.pipelines.terminal import Terminal


def inspect(out: str) -> None:
    """Prints what the data set in `out` holds and writes its report.html.

    Raises:
        MashbillError: there is no finished data set.
    """
    run = read_run(out)
    console = Terminal()
    console.print(counts_table(run["counts"]))
    splits, augmenters = balance(out, run["labels"])
    console.print(balance_table("split", splits, run["labels"]))
    console.print(balance_table("augmenter", augmenters, run["labels"], made_by(run["counts"])))
    if run.get("rejects"):
        console.print(rejects_table(run["rejects"]))
    try:
        write_report(out)
        line = f"report: {FileSystems.join(out, 'report.html')}"
    except MashbillError as error:  # what others own may be looked at all the same
        line = f"no report: {error}"
    console.print(line, soft_wrap=True)


def balance_table(
    what: str, groups: Sequence[Group], labels: Sequence[str], made: Mapping[str, int] | None = None
) -> Table:
    """Rows by gold label of each split or augmenter; with `made`, the share that filters kept."""
    table = Table(title=f"rows by {what}", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(what, overflow="fold")
    kept = ("kept",) if made is not None else ()
    for column in ("rows", *kept, *labels, "no\nlabel", "teacher\nagrees"):
        table.add_column(column, justify="right")
    for group in groups:
        share = _percent(group.rows / made[group.name]) if made and made.get(group.name) else ""
        numbers = (f"{rows:,}" for rows in (*group.by_label.values(), group.unlabelled))
        shares = (share,) if kept else ()
        agreement = "" if group.agreement is None else _percent(group.agreement)
        table.add_row(group.name, f"{group.rows:,}", *shares, *numbers, agreement)
    return table


def rejects_table(rejects: Mapping[str, Mapping[str, int]]) -> Table:
    """The most frequent reasons of each stage."""
    table = Table("stage", "reason", title="rejects")
    table.add_column("rows", justify="right")
    for stage, reasons in rejects.items():
        for reason, rows in reasons.items():
            table.add_row(stage, reason, f"{rows:,}")
    return table


def _percent(share: float) -> str:
    return f"{share:.1%}"
