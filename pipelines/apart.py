"""A call in a process of its own, whose memory the system gets back when it is done."""

import logging
import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from models.errors import MashbillError


def call_apart(function: Callable, *args: Any) -> None:
    """Calls `function(*args)`, which must be picklable, in a fresh interpreter.

    Raises:
        MashbillError: what the function raised.
        ChildProcessError: the process was killed.
        SystemExit: it ended by itself, after it has said why.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
    receiver, sender = context.Pipe(duplex=False)
    level = logging.getLogger().getEffectiveLevel()
    process = context.Process(target=_call, args=(sender, level, function, args))
    process.start()
    sender.close()
    try:
        error = receiver.recv()
    except EOFError:
        error = None
    process.join()
    if error is not None:
        raise error
    if process.exitcode < 0:
        raise ChildProcessError(f"killed by signal {-process.exitcode}")
    if process.exitcode > 0:
        raise SystemExit(process.exitcode)


def _call(sender: Connection, level: int, function: Callable, args: tuple) -> None:
    os.setsid()  # Ctrl-C in a terminal is for the parent, which ends this process too
    logging.basicConfig(level=level)
    try:
        function(*args)
    except MashbillError as error:
        sender.send(error)
