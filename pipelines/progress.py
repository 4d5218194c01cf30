"""What a local run shows: live bars on a terminal, else a line every ten seconds."""

import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from mashbill.pipelines.children import environment
from mashbill.pipelines.memory import note
from mashbill.pipelines.terminal import Terminal
from mashbill.transforms.progress import FOLDER_VARIABLE, total

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_LOOKS = 0.25


class RateColumn(ProgressColumn):
    """Rows per second over the whole time."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.completed / max(task.elapsed or 0, 1e-9):,.0f}/s")


class Progress:
    """Shows what the worker processes report, from a thread, while the runner blocks.

    Args:
        title: what is being done.
        totals: stage to the number it will reach, where that is known.
        order: of the stages; others come behind them.
        console: where to; stderr by default.
    """

    def __init__(
        self,
        title: str,
        totals: Mapping[str, int],
        order: Sequence[str] = (),
        console: Terminal | None = None,
    ):
        self.title, self.totals, self.order = title, totals, order
        self.console = console or Terminal(stderr=True)
        self.started = time.monotonic()

    def __enter__(self) -> "Progress":
        self._folder = tempfile.TemporaryDirectory(prefix="mashbill-progress-")
        self._environment = environment(**{FOLDER_VARIABLE: self._folder.name})
        self._environment.__enter__()
        self._stop = threading.Event()
        show = self._show_bars if self.console.is_terminal else self._show_lines
        self._thread = threading.Thread(target=show, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()
        self._environment.__exit__(None, None, None)
        self._folder.cleanup()

    def _counts(self) -> dict[str, int]:
        reported = total(Path(self._folder.name))
        known = {stage: reported[stage] for stage in self.order if stage in reported}
        counts = {**known, **reported}
        note(self.line(counts))
        return counts

    def _show_lines(self) -> None:
        last = self.started
        while not self._stop.wait(SECONDS_BETWEEN_LOOKS):
            line = self.line(self._counts())
            if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                self.console.print(line, soft_wrap=True)

    def line(self, counts: Mapping[str, int]) -> str:
        """One plain line: each stage's rows, and those of the busiest per second."""
        seconds = time.monotonic() - self.started
        parts = [f"{stage} {rows:,}{self._of(stage)}" for stage, rows in counts.items()]
        rate = max(counts.values(), default=0) / max(seconds, 1e-9)
        done = ", ".join(parts) or "starting"
        return f"{self.title}: {done} ({rate:,.0f} rows/s, {seconds:.0f} s)"

    def _of(self, stage: str) -> str:
        return f" of {self.totals[stage]:,}" if stage in self.totals else ""

    def _show_bars(self) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TaskProgressColumn(),
            RateColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Bars(*columns, console=self.console, transient=True) as bars:
            tasks = {}
            while True:
                stopping = self._stop.wait(SECONDS_BETWEEN_LOOKS)
                for stage, rows in self._counts().items():
                    if stage not in tasks:
                        tasks[stage] = bars.add_task(stage, total=self.totals.get(stage))
                    bars.update(tasks[stage], completed=rows)
                if stopping:
                    return
