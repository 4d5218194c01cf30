"""`mashbill inspect`: a summary in the terminal, and the report page."""

from apache_beam.io.filesystems import FileSystems
from rich.console import Console
from rich.table import Table

from pipelines.report import balance, read_run, write_report
from pipelines.show import counts_table


def inspect(out: str) -> None:
    """Prints what the data set in `out` holds and writes its report.html.

    Raises:
        MashbillError: there is no finished data set.
    """
    run = read_run(out)
    console = Console()
    console.print(counts_table(run["counts"]))
    table = Table("augmenter", title="rows by augmenter")
    for column in ("rows", *run["labels"], "no label", "teacher agrees"):
        table.add_column(column, justify="right")
    for found in balance(out, run["labels"]):
        agreement = "" if found["agreement"] is None else f"{found['agreement']:.1%}"
        numbers = (f"{number:,}" for number in (found["rows"], *found["labels"].values()))
        table.add_row(found["augmenter"], *numbers, agreement)
    console.print(table)
    write_report(out)
    console.print(f"report: {FileSystems.join(out, 'report.html')}", highlight=False, markup=False)
