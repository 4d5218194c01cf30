"""Ends the worker processes of a driver that was killed, which would wait for it for ever.

The driver starts `python -P -m mashbill.pipelines.reaper MARK` with a pipe. When the pipe closes
without a word, the driver is gone, and whoever has MARK in its environment is one of its workers.
"""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from mashbill.pipelines.children import SAFE_PATH, environment

VARIABLE = "MASHBILL_RUN"
GOODBYE = b"."
LOOKS = 4  # in a row that must find nobody
SECONDS_BETWEEN_LOOKS = 0.25


@contextmanager
def workers_end_with_the_driver() -> Iterator[None]:
    """For a block in which worker processes are started."""
    mark = uuid.uuid4().hex
    # Of a driver that is itself somebody's worker, the reaper must outlive it.
    unmarked = {name: value for name, value in os.environ.items() if name != VARIABLE}
    reaper = subprocess.Popen(
        [sys.executable, "-P", "-m", "mashbill.pipelines.reaper", mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=unmarked,
        start_new_session=True,  # Ctrl-C in a terminal is not for it
    )
    try:
        with environment(**{VARIABLE: mark}, **SAFE_PATH):
            yield
    finally:
        reaper.communicate(GOODBYE)


def reap(mark: str) -> int:
    """Kills the processes that have the mark; how many there were."""
    ended = 0
    for process in psutil.process_iter():
        try:
            if process.environ().get(VARIABLE) == mark:
                process.kill()
                ended += 1
        except psutil.Error:  # somebody else's, or gone
            continue
    return ended


if __name__ == "__main__":
    if sys.stdin.buffer.read(1) != GOODBYE:
        quiet = 0
        while quiet < LOOKS:  # a worker that is just being started is not in the first list
            quiet = 0 if reap(sys.argv[1]) else quiet + 1
            time.sleep(SECONDS_BETWEEN_LOOKS)
