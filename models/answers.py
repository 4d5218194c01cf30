"""Answers that were paid for once, on disk by what was asked."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from mashbill.models.cache_folder import cache_folder
from mashbill.models.errors import MachineError, first_line

TABLE = "CREATE TABLE IF NOT EXISTS answers (asked BLOB PRIMARY KEY, said TEXT)"
WAIT = 60.0  # seconds that a process waits while another one writes


def default_cache() -> Path:
    """Where answers are kept unless a recipe says otherwise."""
    return cache_folder() / "answers.sqlite"


class Answers:
    """A file of answers, which several processes may share.

    Args:
        path: of an SQLite file; it is made where it is missing.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as file, file:
                file.execute(TABLE)
        except (sqlite3.Error, OSError) as error:
            raise MachineError(f"the cache of answers {path}: {first_line(error)}") from error

    def get(self, asked: Mapping[str, Any]) -> list[str] | None:
        """What was answered, None where it was not asked yet."""
        with closing(self._open()) as file:
            row = file.execute("SELECT said FROM answers WHERE asked = ?", [_key(asked)]).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, asked: Mapping[str, Any], said: list[str]) -> None:
        with closing(self._open()) as file, file:
            row = [_key(asked), json.dumps(said)]
            file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", row)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=WAIT)


def _key(asked: Mapping[str, Any]) -> bytes:
    canonical = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(canonical, digest_size=16).digest()
