"""A call in a process of its own, whose memory the system gets back when it is done."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from mashbill.models.errors import MashbillError
from mashbill.pipelines.children import SAFE_PATH, environment
from mashbill.pipelines.logs import start_logging
from mashbill.pipelines.memory import look_for_garbage_seldom
from mashbill.pipelines.messages import tell

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def call_apart(function: Callable, *args: Any) -> Any:
    """What `function(*args)`, which must be picklable, returns in a fresh interpreter.

    Ctrl-C and SIGTERM are passed on, so that what the function does with SIGTERM is what happens.

    Raises:
        MashbillError: what the function raised.
        ChildProcessError: the process was killed.
        SystemExit: it ended by itself, after it has said why, or was told to.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
    receiver, sender = context.Pipe(duplex=False)
    level = logging.getLogger().getEffectiveLevel()
    process = context.Process(target=_call, args=(sender, level, function, args))
    with environment(**SAFE_PATH):
        process.start()
    sender.close()
    with _told_to_end(process) as signals:
        try:
            result = receiver.recv()
        except EOFError:
            result = None
        process.join()
    if signals:
        if process.exitcode < 0:
            tell("\nmashbill: stopped while starting; run the same command again to resume")
        raise SystemExit(128 + signals[0])
    if isinstance(result, MashbillError):
        raise result
    if process.exitcode < 0:
        raise ChildProcessError(f"killed by signal {-process.exitcode}")
    if process.exitcode > 0:
        raise SystemExit(process.exitcode)
    return result


@contextmanager
def _told_to_end(process: BaseProcess) -> Iterator[list[int]]:
    """Within the block, SIGINT and SIGTERM reach the process as SIGTERM; yields those that came."""
    signals: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield signals  # only the main thread may set handlers
        return

    def tell(number: int, _: object) -> None:
        signals.append(number)
        process.terminate()

    before = {number: signal.signal(number, tell) for number in SIGNALS}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _call(sender: Connection, level: int, function: Callable, args: tuple) -> None:
    os.setsid()  # Ctrl-C in a terminal is for the parent, which passes it on
    start_logging(level)
    look_for_garbage_seldom()
    try:
        result = function(*args)
    except MashbillError as error:
        result = error
    sender.send(result)
