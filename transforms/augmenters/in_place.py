"""Augmenters whose edits put as many code points as they take, such as what changes places."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.edits import Edit
from mashbill.transforms.augmenters.request import Request


class Rewritten(NamedTuple):
    """Edits of many texts by what comes of them: what `Edits` says, in less time.

    Attributes:
        bounds: the edits of text i are those from bounds[i] to bounds[i + 1], int64 [texts + 1].
        starts, ends: places in their texts, int64 [edits].
        variants: of the texts.
    """

    bounds: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    variants: Sequence[str]

    def edits_of(self, row: int) -> list[Edit]:
        first, last = self.bounds[row : row + 2].tolist()
        text, places = self.variants[row], (self.starts[first:last], self.ends[first:last])
        return [Edit(a, b, text[a:b]) for a, b in zip(*map(np.ndarray.tolist, places), strict=True)]

    def lists(self) -> list[list[Edit]]:
        """The edits of each text."""
        rows = np.repeat(np.arange(len(self.variants)), np.diff(self.bounds)).tolist()
        starts, ends = self.starts.tolist(), self.ends.tolist()
        new = [self.variants[row][a:b] for row, a, b in zip(rows, starts, ends, strict=True)]
        edits = list(map(partial(tuple.__new__, Edit), zip(starts, ends, new, strict=True)))
        return [edits[first:last] for first, last in pairwise(self.bounds.tolist())]

    def applied(self, texts: Sequence[str]) -> Sequence[str]:
        """The variants."""
        del texts
        return self.variants


class InPlace:
    """Mixed into a `TokenAugmenter`: the code points of a batch are rewritten, all at once."""

    def rewrite(self, batch: TextBatch, sites: Sites, codes: np.ndarray) -> Sites:
        """Puts what comes at the sites into the batch's code points, and changes no others.

        Returns:
            the sites that are not the same then.
        """
        raise NotImplementedError

    def _chunk(self, request: Request) -> Rewritten:
        batch = self.batch(request)
        sites = self.drawn_sites(batch)
        codes = batch.codes.copy()
        sites = self.rewrite(batch, sites, codes)
        offsets = batch.offsets[sites.rows]
        return Rewritten(
            np.searchsorted(sites.rows, np.arange(len(batch.texts) + 1)),
            sites.starts - offsets,
            sites.ends - offsets,
            _strings(codes, batch.offsets, batch.ends),
        )


def _strings(codes: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> list[str]:
    """What stretches of code points spell."""
    wide = np.flatnonzero(codes > 0xFF)
    rows = np.unique(np.searchsorted(ends, wide, "right"))
    if 4 * len(rows) > len(starts):
        spelled, rows = codes.tobytes().decode("utf-32-le", "surrogatepass"), rows[:0]
    else:  # Latin letters are decoded in a fraction of the time
        spelled = codes.astype(np.uint8).tobytes().decode("latin-1")
    strings = [spelled[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    for row in rows.tolist():
        one = codes[starts[row] : ends[row]]
        strings[row] = one.tobytes().decode("utf-32-le", "surrogatepass")
    return strings
