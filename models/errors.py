"""What a user is told when something is wrong with the input: one line, no traceback."""

from collections.abc import Sequence


class MashbillError(Exception):
    """An error whose message is meant for the user; it names the file, key or value at fault."""


class ModelError(MashbillError):
    """A model folder that cannot serve: missing, without safetensors, or of the wrong kind."""


class SettingError(MashbillError):
    """A setting that cannot work; it ends the run and never becomes a reject of some row."""


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
