"""Engines whose models another process has: one copy of each for all workers that share a GPU.

Texts become tokens, and answers rows, in the process that wants them. What a device does is asked
of the process that has the model.
"""

import os
from collections.abc import Callable
from functools import cache, partial, wraps
from time import perf_counter
from typing import Any, NamedTuple

from mashbill.models.device import GPU_VARIABLE, use_threads_from_environment
from mashbill.models.errors import MachineError

FOLDER_VARIABLE = "MASHBILL_COMMON_MODELS"  # where workers meet that share models
KEY_FILE = "key"  # in that folder: who has it may ask for the models
GPUS_VARIABLE = "MASHBILL_GPUS"  # how many GPUs there are
KILLED = "a worker process was killed, the one with the models, probably out of memory"


class Which(NamedTuple):
    """An engine: its class, its model's folder, and the other arguments of `load`, sorted."""

    kind: type
    model: str
    how: tuple[tuple[str, Any], ...]

    def load_here(self) -> Any:
        return self.kind.load_here(self.model, **dict(self.how))


class Holder:
    """What has the models, in a process of its own.

    Args:
        gpu: the number of the GPU to use; None where there is one.
    """

    def __init__(self, gpu: int | None = None):
        if gpu is not None:
            os.environ[GPU_VARIABLE] = str(gpu)

    def rest(self, which: Which) -> Any:
        """An engine without what computes; loads the model unless it is there."""
        return which.load_here().rest()

    def ask(self, which: Which, method: str, *arguments: Any, **named: Any) -> Any:
        """What a method `on_device` returns."""
        return getattr(which.load_here(), method)(*arguments, **named)


_holder: Holder | None = None


def use(holder: Holder | None) -> None:
    """From here on, engines of this process ask `holder`; None: they compute here."""
    global _holder
    _holder = holder
    _engine.cache_clear()


def is_elsewhere() -> bool:
    return _holder is not None


def engine(kind: type, model: str, **how: Any) -> Any:
    """What `kind.load` gives, as far as it is needed here."""
    return _engine(Which(kind, model, tuple(sorted(how.items()))))


@cache
def _engine(which: Which) -> Any:
    use_threads_from_environment()
    found = _answer(_holder.rest, which)
    found.ask = partial(_answer, _holder.ask, which)
    return found


def _answer(ask: Callable, *arguments: Any, **named: Any) -> Any:
    try:
        return ask(*arguments, **named)
    except (EOFError, ConnectionError) as error:
        raise MachineError(KILLED) from error


def on_device(method: Callable) -> Callable:
    """A method of an engine that is called where the model is; arguments and result can be pickled.

    Seconds until an answer from elsewhere count as those of forwards.
    """

    @wraps(method)
    def call(self, *arguments: Any, **named: Any) -> Any:
        if self.ask is None:
            return method(self, *arguments, **named)
        begin = perf_counter()
        answer = self.ask(method.__name__, *arguments, **named)
        self.forward_seconds += perf_counter() - begin
        return answer

    return call
