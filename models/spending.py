"""What a run spends at an endpoint: one account for all its worker processes on one machine.

The driver names the file in the environment, which worker processes inherit. Where the variable is
absent, as on a cluster, each process has an account of its own.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.errors import ModelError
from mashbill.models.shared_file import connect, file_faults

FILE_VARIABLE = "MASHBILL_SPENDING"
TABLE = "CREATE TABLE IF NOT EXISTS spent (endpoint TEXT PRIMARY KEY, requests INT, tokens INT)"


class Account:
    """Of one server and model, whoever asks it; it ends a run that has spent what it may."""

    def __init__(self, endpoint: Endpoint):
        self.endpoint = endpoint
        self._name = f"{endpoint.url} {endpoint.model}"
        self._lock = threading.Lock()
        self._path = os.environ.get(FILE_VARIABLE) or ":memory:"
        with self._alone():
            # In the mode without transactions of Python's, each statement is one of its own.
            self._file = connect(self._path, isolation_level=None, check_same_thread=False)
            self._file.execute("PRAGMA synchronous = OFF")  # no one reads it after the run
            self._file.execute(TABLE)
            self._file.execute("INSERT OR IGNORE INTO spent VALUES (?, 0, 0)", [self._name])

    def take(self) -> None:
        """One request.

        Raises ModelError if the run must make no other one.
        """
        bounds = {
            what: most
            for what in ("requests", "tokens")
            if (most := getattr(self.endpoint, f"max_{what}")) is not None
        }
        within = "".join(f" AND {what} < ?" for what in bounds)
        statement = f"UPDATE spent SET requests = requests + 1 WHERE endpoint = ?{within}"
        with self._alone():
            if self._file.execute(statement, [self._name, *bounds.values()]).rowcount:
                return
            spent = self._file.execute(
                "SELECT requests, tokens FROM spent WHERE endpoint = ?", [self._name]
            ).fetchone()
        what = next(
            name
            for name, number in zip(("requests", "tokens"), spent, strict=True)
            if name in bounds and number >= bounds[name]
        )
        raise ModelError(
            f"{self.endpoint.url}: max_{what}: {bounds[what]:,} {what} are spent; the same command "
            "resumes, and pays for no answer twice"
        )

    def add(self, tokens: int) -> None:
        """Tokens of an answer, its prompt's among them."""
        with self._alone():
            self._file.execute(
                "UPDATE spent SET tokens = tokens + ? WHERE endpoint = ?", [tokens, self._name]
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock, file_faults(f"the account of what is spent {self._path}"):
            yield
