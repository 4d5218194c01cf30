"""The command line in real processes, which are killed or held at a given change on disk.

All are forks of one server that has imported what is heavy, so that each takes a second. The
change is counted by an audit hook, so a moment is the same on any machine, however busy.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.pipelines.preloaded"])
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
SECONDS = 300  # a loaded machine takes its time


class Command:
    """`mashbill ARGUMENTS` in a process of its own.

    Args:
        below: the folder whose changes count; "open" for writing, and all that names a file anew,
            moves or removes it.
        kill: before which change SIGKILL comes.
        hold: before which change it stops and waits for `go_on`.
    """

    def __init__(
        self,
        *arguments: str,
        below: Path,
        kill: int | None = None,
        hold: int | None = None,
    ):
        self.connection, there = FORKS.Pipe()
        handle, said = tempfile.mkstemp(prefix="mashbill-said-")
        os.close(handle)
        self.said = Path(said)
        job = (there, arguments, str(below), kill, hold, str(self.said))
        self.process = FORKS.Process(target=_run, args=job)
        self.process.start()
        there.close()
        self.changes = 0

    def wait_until_held(self) -> None:
        assert self.connection.poll(SECONDS), "it neither comes to that change nor ends"
        assert self.connection.recv() == "held", self.end()

    def go_on(self) -> None:
        self.connection.send("on")

    def end(self) -> tuple[int, str]:
        """Exit code, negative for a signal, and what it wrote to standard error."""
        self.process.join(SECONDS)
        assert self.process.exitcode is not None, "it hangs"
        if self.process.exitcode >= 0:
            self.changes = self.connection.recv()
        said = self.said.read_text()
        self.said.unlink()
        return self.process.exitcode, said


def run(*arguments: str, below: Path, kill: int | None = None) -> tuple[int, str]:
    return Command(*arguments, below=below, kill=kill).end()


def _run(
    there: Connection,
    arguments: Sequence[str],
    below: str,
    kill: int | None,
    hold: int | None,
    said: str,
) -> None:
    file = os.open(said, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(file, number)
    os.environ["OMP_NUM_THREADS"] = "1"
    changes = 0

    def hook(event: str, found: tuple) -> None:
        nonlocal changes
        if not _is_change(event, found, below):
            return
        changes += 1
        if changes == kill:
            os.kill(os.getpid(), signal.SIGKILL)
        if changes == hold:
            there.send("held")
            there.recv()

    from mashbill.pipelines.cli import main

    sys.addaudithook(hook)
    code = 0
    try:
        main(list(arguments), prog_name="mashbill")
    except SystemExit as ended:
        code = ended.code or 0
    there.send(changes)
    sys.stderr.flush()
    sys.exit(code)


def _is_change(event: str, found: tuple, below: str) -> bool:
    if event == "open":
        path, _, flags = found
        if not isinstance(flags, int) or not flags & WRITES:
            return False
    elif event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate"):
        path = found[0]
    else:
        return False
    return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(below)
