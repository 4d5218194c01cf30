"""What a user is told when something is wrong with the input: one line, no traceback."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


class MashbillError(Exception):
    """An error whose message is meant for the user; it names the file, key or value at fault."""


class ModelError(MashbillError):
    """A model folder that cannot serve: missing, without safetensors, or of the wrong kind."""


class RowError(MashbillError):
    """Rows of one call for which a model gave no usable answer; `rows` are their places in it."""

    def __init__(self, message: str, rows: Sequence[int]):
        super().__init__(message)
        self.rows = tuple(rows)

    def __reduce__(self):
        return type(self), (self.args[0], self.rows)


def first_line(error: Exception) -> str:
    """What a library says of an error, fit for one line."""
    said = str(error).strip().splitlines()
    return said[0][:300] if said else type(error).__name__


NOT_A = {  # what a value is not, by pydantic's name for that problem
    **dict.fromkeys(("tuple_type", "list_type", "set_type"), "not a list"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "not a mapping of keys"),
}
SAID = {**NOT_A, "missing": "the key is missing", "extra_forbidden": "no such key"}


def words_of(problem: Mapping[str, Any]) -> str:
    """What is wrong with a value, by a problem that pydantic found; to stand behind a colon."""
    if problem["type"] in SAID:
        return SAID[problem["type"]]
    said = problem["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return said[:1].lower() + said[1:]


class MachineError(MashbillError):
    """What the machine lacks, whatever the row: memory, disk, an accelerator that answers."""


class SystematicError(MashbillError):
    """Every row so far has failed, all for one reason, so that the reason lies in no row."""


MACHINE_CLASSES = frozenset({"OutOfMemoryError", "AcceleratorError"})  # torch's, by their names
MACHINE_SIGNS = (
    "CUDA error",
    "CUDA out of memory",
    "CUBLAS_STATUS",
    "CUDNN_STATUS",
    "HIP error",
    "can't allocate memory",
    "can't start new thread",
)


def is_of_the_machine(error: Exception) -> bool:
    """Whether the same call may succeed on another machine, or on this one later."""
    if isinstance(error, OSError | MemoryError):
        return True
    named = any(kind.__name__ in MACHINE_CLASSES for kind in type(error).__mro__)
    return named or any(sign in str(error) for sign in MACHINE_SIGNS)


def one_line(error: Exception) -> str:
    """The error for a reason or a message: its kind first, unless it is written for the user."""
    said = first_line(error)
    kind = type(error).__name__
    return said if isinstance(error, MashbillError) or said == kind else f"{kind}: {said}"


@contextmanager
def failures_named(what: str) -> Iterator[None]:
    """Says what it was that failed: of a model's rows, or of the machine.

    Raises:
        ModelError: for a RowError.
        MachineError: what failed is the machine: memory, disk, accelerator.
    """
    try:
        yield
    except RowError as error:
        raise ModelError(f"{what}: {error}") from error
    except Exception as error:
        if is_of_the_machine(error):
            raise MachineError(f"{what}: {one_line(error)}") from error
        raise
