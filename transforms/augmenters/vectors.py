"""Word vectors from files, and the nearest neighbours of words among them."""

import functools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from mashbill.models.errors import MashbillError

# Unit vectors are rounded to whole numbers of this size. Every sum of a dot product then stays
# below 2**24, where float32 counts exactly: similarities depend on no order of summation.
SCALE = 2048
BLOCK = 16  # words whose neighbours are looked for together


class Vectors:
    """The first `limit` words of a file of vectors, which such files sort by frequency."""

    def __init__(self, words: list[str], vectors: np.ndarray):
        """`vectors`: float32 [words, dimensions]."""
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self._scaled = np.rint(vectors / np.maximum(lengths, 1e-12) * SCALE).astype(np.float32)
        self.words = words
        self._places = {word: place for place, word in reversed(list(enumerate(words)))}

    def neighbours(
        self, words: Iterable[str], count: int, min_similarity: float
    ) -> dict[str, tuple[str, ...]]:
        """For each word up to `count` others, the nearest first; none for one not in the file."""
        known = [word for word in words if word in self._places]
        nearest: dict[str, tuple[str, ...]] = dict.fromkeys(words, ())
        for first in range(0, len(known), BLOCK):
            block = known[first : first + BLOCK]
            places = [self._places[word] for word in block]
            similarities = self._scaled[places] @ self._scaled.T
            similarities[np.arange(len(block)), places] = -np.inf
            for word, row in zip(block, similarities, strict=True):
                nearest[word] = self._nearest(word, row, count, min_similarity)
        return nearest

    def _nearest(
        self, word: str, similarities: np.ndarray, count: int, least: float
    ) -> tuple[str, ...]:
        near = np.flatnonzero(similarities >= least * SCALE**2)
        order = near[np.lexsort((near, -similarities[near]))]
        fitting = (self.words[place] for place in order.tolist())
        several = (near for near in fitting if near.isalpha() and near.lower() != word)
        return tuple(near for near, _ in zip(several, range(count), strict=False))


@functools.cache
def load(path: str, limit: int) -> Vectors:
    """Vectors from a folder with one `.npy` and one `.parquet` of words, or from a text file.

    Text is that of GloVe or word2vec: a word and its numbers, parted by spaces; a first line with
    two numbers is skipped.

    Raises:
        MashbillError: nothing there, or not of that form.
    """
    place = Path(path)
    try:
        if place.is_dir():
            return Vectors(*_from_folder(place, limit))
        return Vectors(*_from_text(place, limit))
    except (OSError, ValueError) as error:
        raise MashbillError(f"cannot read word vectors from {path}: {error}") from None


def _from_folder(folder: Path, limit: int) -> tuple[list[str], np.ndarray]:
    arrays, tables = sorted(folder.glob("*.npy")), sorted(folder.glob("*.parquet"))
    if len(arrays) != 1 or len(tables) != 1:
        raise ValueError(
            f"expected one .npy and one .parquet, found {len(arrays)} and {len(tables)}"
        )
    words = pq.read_table(tables[0]).column(0).slice(0, limit).to_pylist()
    vectors = np.load(arrays[0], mmap_mode="r", allow_pickle=False)[:limit]
    if vectors.ndim != 2 or len(vectors) != len(words):
        raise ValueError(f"{len(words)} words, but vectors of shape {vectors.shape}")
    return words, np.asarray(vectors, np.float32)


def _from_text(file: Path, limit: int) -> tuple[list[str], np.ndarray]:
    words: list[str] = []
    rows: list[np.ndarray] = []
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            word, _, numbers = line.rstrip().partition(" ")
            if number == 1 and len(numbers.split()) == 1:
                continue
            words.append(word)
            rows.append(np.array(numbers.split(), np.float32))
            if len(rows[-1]) != len(rows[0]) or not len(rows[0]):
                raise ValueError(
                    f"line {number}: expected {len(rows[0])} numbers, found {len(rows[-1])}"
                )
            if len(words) == limit:
                break
    if not words:
        raise ValueError("the file is empty")
    return words, np.stack(rows)
