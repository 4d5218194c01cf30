"""What was found of words, kept by word."""

from collections.abc import Callable
from typing import Any

CACHE_WORDS = 200_000


class WordCache(dict):
    """What `find` says of each word; a corpus repeats its words, so most are asked for once."""

    def __init__(self, find: Callable[[str], Any]):
        super().__init__()
        self._find = find

    def __missing__(self, word: str) -> Any:
        if len(self) >= CACHE_WORDS:
            self.clear()
        value = self[word] = self._find(word)
        return value
