"""jieba's dictionary: words with how often its texts use them, and as which part of speech."""

import functools
from typing import NamedTuple

import numpy as np

from mashbill.transforms.languages.zh.packages import file


class WordList(NamedTuple):
    """Columns of the dictionary, in its order.

    Attributes:
        words: 349,045 of them.
        uses: in jieba's texts, int64 [words].
        tags: parts of speech, such as "n", "v", "a", "nr" (a person's name).
        rows: the place of each word.
    """

    words: list[str]
    uses: np.ndarray
    tags: list[str]
    rows: dict[str, int]

    def tag(self, word: str) -> str:
        """ "" for a word that is not known."""
        row = self.rows.get(word)
        return "" if row is None else self.tags[row]

    def count(self, word: str) -> int:
        row = self.rows.get(word)
        return 0 if row is None else int(self.uses[row])


@functools.cache
def word_list() -> WordList:
    content = file("jieba", "dict.txt").read_text("utf-8").split()
    words, tags = content[::3], content[2::3]
    uses = np.array(content[1::3], np.int64)
    return WordList(words, uses, tags, {word: row for row, word in enumerate(words)})


@functools.cache
def character_uses() -> np.ndarray:
    """float64 [0x110000]: how often a character occurs in the words of the dictionary's texts."""
    known = word_list()
    codes = np.frombuffer("".join(known.words).encode("utf-32-le"), np.uint32)
    lengths = np.fromiter(map(len, known.words), np.int64, len(known.words))
    return np.bincount(codes, np.repeat(known.uses, lengths), minlength=0x110000)


@functools.cache
def common_characters() -> np.ndarray:
    """uint32, ascending: the 3,755 characters of level 1 in GB 2312."""
    rows, cells = np.divmod(np.arange(15 * 94, 54 * 94 + 89), 94)
    encoded = np.stack([rows + 0xA1, cells + 0xA1], axis=1).astype(np.uint8).tobytes()
    return np.sort(np.array(list(map(ord, encoded.decode("gb2312"))), np.uint32))
