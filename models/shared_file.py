"""SQLite files that worker processes share."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mashbill.models.errors import MachineError, first_line

WAIT = 60.0  # seconds that a process waits while another one writes


def connect(path: Path | str, **options: Any) -> sqlite3.Connection:
    """Opens a file, which is made where it is missing. `options`: for the library."""
    return sqlite3.connect(path, timeout=WAIT, **options)


@contextmanager
def file_faults(what: str) -> Iterator[None]:
    """What goes wrong with a file is a fault of the machine, never of a row.

    Raises MachineError, which says what the file is.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise MachineError(f"{what}: {first_line(error)}") from error
