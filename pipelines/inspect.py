"""`mashbill inspect`: a summary in the terminal, and the report page."""

from collections.abc import Mapping, Sequence

from apache_beam.io.filesystems import FileSystems
from rich.box import SIMPLE_HEAD
from rich.table import Table

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.registry import task_of
from mashbill.pipelines.draws import Draws, draws, kept_shares
from mashbill.pipelines.report import write_report
from mashbill.pipelines.show import counts_table
from mashbill.pipelines.summary import Group, balance, number, read_run
from mashbill.pipelines.terminal import Terminal


def inspect(out: str) -> None:
    """Prints what the data set in `out` holds and writes its report.html.

    Raises:
        MashbillError: there is no finished data set.
    """
    run = read_run(out)
    console = Terminal()
    console.print(counts_table(run["counts"]))
    task = task_of(run)
    splits, augmenters = balance(out, task)
    console.print(balance_table("split", splits, task.tallied))
    console.print(balance_table("augmenter", augmenters, task.tallied))
    if drawn := draws(run["counts"]):
        console.print(draws_table(drawn))
    if run.get("rejects"):
        console.print(rejects_table(run["rejects"]))
    try:
        write_report(out)
        line = f"report: {FileSystems.join(out, 'report.html')}"
    except MashbillError as error:  # what others own may be looked at all the same
        line = f"no report: {error}"
    console.print(line, soft_wrap=True)


def balance_table(what: str, groups: Sequence[Group], labels: Sequence[str]) -> Table:
    """Rows by gold label of each split or augmenter; how often the teacher gives a source's."""
    table = Table(title=f"rows by {what}", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(what, overflow="fold")
    for column in ("rows", *labels, "no\nlabel", "teacher right\nof sources"):
        table.add_column(column, justify="right")
    for group in groups:
        numbers = (number(value) for value in (*group.by_label.values(), group.unlabelled))
        right = "" if group.agreement is None else f"{group.agreement:.1%}"
        table.add_row(group.name, f"{group.rows:,}", *numbers, right)
    return table


def draws_table(drawn: Mapping[str, Draws]) -> Table:
    """What came of each augmenter's variants; labels kept are counted before filters."""
    title = "variants; to how many the teacher gives their source's label, before filters"
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("augmenter", overflow="fold")
    for column in ("drawn", "made", "teacher\nsaw", "label kept", "written"):
        table.add_column(column, justify="right")
    kept = kept_shares(drawn)
    for name, draws_of in drawn.items():
        numbers = (f"{rows:,}" for rows in (draws_of.drawn, draws_of.made, draws_of.judged))
        table.add_row(name, *numbers, kept.get(name, ""), f"{draws_of.written:,}")
    return table


def rejects_table(rejects: Mapping[str, Mapping[str, int]]) -> Table:
    """The most frequent reasons of each stage."""
    table = Table("stage", "reason", title="rejects")
    table.add_column("rows", justify="right")
    for stage, reasons in rejects.items():
        for reason, rows in reasons.items():
            table.add_row(stage, reason, f"{rows:,}")
    return table
