"""Rows of different lengths in one numpy array: of objects, so that it is indexed like any other.

Numpy by itself would make a matrix of rows that happen to be equally long.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa


def ragged(rows: Iterable[np.ndarray | None]) -> np.ndarray:
    """object [rows]."""
    rows = list(rows)
    array = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        array[place] = row
    return array


def lengths_of(rows: np.ndarray) -> np.ndarray:
    """int64 [rows]; 0 for None."""
    return np.fromiter((0 if row is None else len(row) for row in rows), np.int64, len(rows))


def together(rows: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Rows end to end; `like` is the same without a row."""
    return np.concatenate([like, *(row for row in rows if row is not None)])


def apart(flat: np.ndarray, lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    """The reverse of `together`."""
    return ragged(np.split(flat, np.cumsum(lengths)[:-1])) if len(lengths) else ragged([])


def offsets_of(column: pa.Array) -> np.ndarray:
    """Where each list of a column begins and ends in its flattened values, from 0."""
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
