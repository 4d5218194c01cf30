"""Ctrl-C and SIGTERM: a run ends at once, says what is finished, and leaves no worker behind."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from mashbill.pipelines.messages import tell

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ends_at_once(message: Callable[[], str]) -> Iterator[None]:
    """Within the block, these signals end the process and its workers.

    A Beam runner would first wait for its bundles. Nothing is lost by not waiting: files appear
    whole or not at all, and the next run resumes after the finished shards.

    Args:
        message: what to say on standard error before the end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return

    def end(number: int, _: object) -> None:
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        end_now(message(), 128 + number)

    before = {number: signal.signal(number, end) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_now(message: str, code: int) -> None:
    """Kills the workers, says why on standard error, and ends the process without cleaning up."""
    for worker in psutil.Process().children(recursive=True):
        worker.kill()
    tell(f"\nmashbill: {message}")
    os._exit(code)
