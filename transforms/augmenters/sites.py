"""Which of the places that may be edited stay."""

from collections.abc import Sequence
from itertools import compress

import numpy as np

from mashbill.transforms.augmenters.batch import Sites, TextBatch


def without_overlap(sites: Sites) -> Sites:
    """Of sites that overlap, the first (from left to right) stays."""
    reached = np.maximum.accumulate(sites.ends[:-1])
    doubtful = np.flatnonzero(sites.starts[1:] < reached) + 1
    if not len(doubtful):
        return sites
    kept = np.ones(len(sites.starts), bool)
    kept[doubtful] = False  # such as overlap the one before, which stays if it overlaps none
    starts, ends = sites.starts, sites.ends
    for place in doubtful[np.flatnonzero(np.diff(doubtful) == 1) + 1].tolist():
        last = place - 1
        while not kept[last]:
            last -= 1
        kept[place] = starts[place] >= ends[last]
    return sites.take(np.flatnonzero(kept))


def but_one(leaving: Sites, there: np.ndarray) -> Sites:
    """What leaves a text, without the last where nothing of its kind would be left.

    Args:
        there: how many of the kind each text has, int [texts].
    """
    gone = np.bincount(leaving.rows, minlength=len(there))
    emptied = (gone >= there)[leaving.rows]
    last = np.append(leaving.rows[1:] != leaving.rows[:-1], True)[: len(leaving.rows)]
    return leaving.where(~(emptied & last))


def changing(
    batch: TextBatch, sites: Sites, new: Sequence[str | None]
) -> tuple[Sites, Sequence[str]]:
    """Without the replacements that are None or change nothing."""
    try:
        sizes = np.fromiter(map(len, new), np.int64, len(new))
    except TypeError:  # None has no length; to look for one takes as long as all lengths
        some = np.fromiter((word is not None for word in new), bool, len(new))
        return changing(batch, sites.where(some), list(compress(new, some.tolist())))
    as_long = np.flatnonzero(sizes == sites.ends - sites.starts)
    old = batch.strings(sites.take(as_long))
    same = [place for place, word in zip(as_long.tolist(), old, strict=True) if word == new[place]]
    if not same:
        return sites, new
    keep = np.ones(len(new), bool)
    keep[same] = False
    return sites.where(keep), list(compress(new, keep.tolist()))
