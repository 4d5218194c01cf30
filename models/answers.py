"""Answers that were paid for once, on disk by what was asked."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import orjson

from mashbill.models.cache_folder import cache_folder
from mashbill.models.shared_file import connect, file_faults

TABLE = "CREATE TABLE IF NOT EXISTS answers (asked BLOB PRIMARY KEY, said TEXT)"


def default_cache() -> Path:
    """Where answers are kept unless a recipe says otherwise."""
    return cache_folder() / "answers.sqlite"


class Answers:
    """A file of answers, which several processes may share.

    Args:
        path: of an SQLite file; it is made where it is missing.

    Raises MachineError where the file cannot be used, now or later.
    """

    def __init__(self, path: Path):
        self.path = path
        with self._faults():
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._file() as file:
            file.execute(TABLE)

    def get(self, asked: Mapping[str, Any]) -> list[str] | None:
        """What was answered, None where it was not asked yet."""
        with self._file() as file:
            row = file.execute("SELECT said FROM answers WHERE asked = ?", [_key(asked)]).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, asked: Mapping[str, Any], said: list[str]) -> None:
        with self._file() as file:
            row = [_key(asked), json.dumps(said)]
            file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", row)

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        with self._faults(), closing(connect(self.path)) as file, file:
            yield file

    def _faults(self) -> AbstractContextManager[None]:
        return file_faults(f"the cache of answers {self.path}")


def _key(asked: Mapping[str, Any]) -> bytes:
    canonical = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(canonical, digest_size=16).digest()
