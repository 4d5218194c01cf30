import io
import time

from rich.console import Console

from mashbill.pipelines.progress import Progress
from mashbill.transforms import progress as reports
from tests.waiting import wait_until


def plain_console():
    return Console(file=io.StringIO(), width=200)


def wait_until_printed(console: Console, words: str) -> None:
    wait_until(lambda: words in console.file.getvalue())


def test_a_line_names_stages_totals_and_rate():
    progress = Progress("generate", {"shards": 8}, console=plain_console())
    progress.started = time.monotonic() - 10
    line = progress.line({"read": 1200, "shards": 2})
    assert line == "generate: read 1,200, shards 2 of 8 (120 rows/s, 10 s)"
    assert "starting" in progress.line({})


def test_a_run_without_a_terminal_prints_plain_lines(monkeypatch):
    monkeypatch.setattr("mashbill.pipelines.progress.SECONDS_BETWEEN_LINES", 0.05)
    monkeypatch.setattr(reports, "SECONDS_BETWEEN_WRITES", 0.0)
    console = plain_console()
    with Progress("generate", {}, console=console):
        reports.report("annotate", 5)
        reports.report("annotate", 2)
        wait_until_printed(console, "annotate 7 (")
    printed = console.file.getvalue()
    assert "generate: annotate 7 (" in printed
    assert "\x1b" not in printed


def test_a_terminal_gets_bars_with_rate_and_time_left(monkeypatch):
    monkeypatch.setattr(reports, "SECONDS_BETWEEN_WRITES", 0.0)
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    with Progress("generate", {"shards": 4}, console=console):
        reports.report("shards", 1)
        wait_until_printed(console, "1/4")
    printed = console.file.getvalue()
    assert "shards" in printed
    assert "1/4" in printed
    assert "25%" in printed


def test_nothing_is_written_where_nobody_looks(tmp_path, monkeypatch):
    monkeypatch.delenv(reports.FOLDER_VARIABLE, raising=False)
    reports.report("read", 5)
    assert not reports.total(tmp_path)
