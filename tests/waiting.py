"""Waiting for what another process or thread does."""

import time
from collections.abc import Callable

SECONDS = 60


def wait_until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Returns when it holds, or when the time is over: the caller asserts what must be so then."""
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
