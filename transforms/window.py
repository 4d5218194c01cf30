"""What of each text lies within the teacher's window, and which variants differ only beyond it."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from mashbill.models.tokenizing import Window
from mashbill.transforms.examples import is_variant

Reading = Callable[[Sequence[str], Sequence[str] | None], Sequence[Window | None]]


def same_within(batch: pa.RecordBatch, windows: Sequence[Window | None]) -> np.ndarray:
    """bool [rows]: variants that are their source over again within the first window.

    That is so where the source goes beyond it and all edits lie there. A student that is trained on
    the beginning of a text learns nothing from such a row, whatever the teacher reads. The source
    is looked for in the batch; a variant without one stays.
    """
    sources, variant = batch.column("source_id").to_pylist(), is_variant(batch)
    of_source = {sources[i]: windows[i] for i in np.flatnonzero(~variant)}
    same = np.zeros(batch.num_rows, dtype=bool)
    for i in np.flatnonzero(variant):
        own, original = windows[i], of_source.get(sources[i])
        both = own is not None and original is not None
        same[i] = both and original.goes_on and own.ids == original.ids
    return same


def cut_sources(batch: pa.RecordBatch, windows: Sequence[Window | None]) -> int:
    """How many source examples go on beyond the window."""
    cut = np.array([window is not None and window.cut for window in windows], dtype=bool)
    return int((cut & ~is_variant(batch)).sum())
