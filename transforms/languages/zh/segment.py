"""Words of Chinese texts: jieba's segmentation, in its Rust edition."""

import functools
from pathlib import Path

import numpy as np

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import SOLO
from mashbill.transforms.languages.zh.packages import converter, module


def words(batch: TextBatch, runs: Sites, dictionary: str | None) -> Sites:
    """The runs, those put together that belong to a word.

    Traditional characters are segmented as their simplified ones.

    Args:
        batch: of texts.
        runs: each character by itself.
        dictionary: file of words to know beside jieba's.
    """
    touch = np.flatnonzero(runs.starts[1:] == runs.ends[:-1]) + 1
    if not len(touch):
        return runs
    codes = batch.codes
    if batch.has(SOLO).any():
        codes = simplified().take(codes)
    pieces = segmenter(dictionary).cut(codes.tobytes().decode("utf-32-le", "replace"))
    begins = np.zeros(len(codes) + 1, bool)
    begins[np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)))] = True
    joined = touch[~begins[runs.starts[touch]]]
    first = np.ones(len(runs.starts), bool)
    first[joined] = False
    heads = np.flatnonzero(first)
    lasts = np.append(heads[1:], len(first)) - 1
    return Sites(runs.rows[heads], runs.starts[heads], runs.ends[lasts])


def is_word(word: str, dictionary: str | None) -> bool:
    """Whether the segmenter leaves it whole."""
    codes = simplified().take([ord(letter) for letter in word])
    return len(segmenter(dictionary).cut("".join(map(chr, codes.tolist())))) == 1


@functools.cache
def simplified() -> np.ndarray:
    """uint32 [0x110000]: the simplified character of each; a lone surrogate gives U+FFFD."""
    table = np.arange(0x110000, dtype=np.uint32)
    blocks = (range(0x3400, 0xA000), range(0xF900, 0xFB00))
    codes = [code for block in blocks for code in block]
    turned = converter("t2s").convert("\n".join(map(chr, codes))).split("\n")
    for code, character in zip(codes, turned, strict=True):
        if len(character) == 1:
            table[code] = ord(character)
    table[0xD800:0xE000] = 0xFFFD
    return table


@functools.cache
def segmenter(dictionary: str | None):
    """jieba's, that knows the words of the dictionary too."""
    known = module("rjieba").Jieba()
    for word, uses, pos in _read(dictionary) if dictionary else ():
        known.add_word(word, uses, pos)
    return known


def check_dictionary(path: str) -> None:
    """Raises MashbillError: the file is missing, or a line is no entry."""
    _read(path)


@functools.cache
def _read(path: str) -> tuple[tuple[str, int | None, str | None], ...]:
    """A word a line, as jieba's own dictionaries have them: word, uses, part of speech."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise MashbillError(f"dictionary {path}: {error.strerror or error}") from None
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise MashbillError(f"{path}:{line}: it is not UTF-8") from None
    return tuple(_entry(path, n, line) for n, line in enumerate(lines, 1) if line.strip())


def _entry(path: str, number: int, line: str) -> tuple[str, int | None, str | None]:
    word, *rest = line.split()
    uses = int(rest.pop(0)) if rest and rest[0].isdecimal() else None
    if len(rest) > 1:
        raise MashbillError(
            f"{path}:{number}: {line.strip()!r} is not an entry: expected WORD [USES] "
            "[PART OF SPEECH]"
        )
    return word, uses, rest[0] if rest else None
