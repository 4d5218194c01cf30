"""Variants for a training that makes them itself, one for each row of a piece."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.fresh import MADE, OUTCOMES, Made
from mashbill.models.distill.stream import TURN, file_tables
from mashbill.models.tasks.base import Task
from mashbill.transforms.assignment import Method, assign
from mashbill.transforms.drafts import READ, Drafter, Work
from mashbill.transforms.examples import content_hash, source_id_of


class FreshVariants:
    """What `Noise` is: methods drawn by their shares, as `generate` does.

    A variant is decided by the seed, its source's id and its turn, so it does not matter which
    rows it is made with, or where.

    Args:
        methods, seed: of the recipe.
        fields: which of `text` and `text_pair` are changed.
        held_out: texts that no variant may equal, see `held_out_hashes`.
        task: whose labels the rows have; a variant that loses its label is not made.
    """

    def __init__(
        self,
        methods: Sequence[Method],
        fields: Sequence[str],
        held_out: np.ndarray,
        seed: int,
        task: Task,
    ):
        augmenters = {place: method.augmenter() for place, method in enumerate(methods)}
        shares = [method.share for method in methods]
        self._drafter = Drafter(augmenters, fields, held_out, seed, shares, task)
        self._seed, self._shares = seed, shares

    def make(self, rows: pa.Table) -> Made:
        """A variant of each row; where no method makes one, what the row has."""
        keys = [
            f"{source_id}/{turn}"
            for source_id, turn in zip(
                *(rows[name].to_pylist() for name in ("source_id", TURN)), strict=True
            )
        ]
        work = Work(_as_read(rows, keys))
        jobs = assign(enumerate(keys), range(1, 2), self._shares, self._seed)
        unmade = self._drafter.redraw(work, self._drafter.attempt(work, jobs))
        fresh = Made(
            *(rows[name].to_pylist() for name in Made._fields[:-1]),
            outcomes=np.full(rows.num_rows, OUTCOMES.index("failed")),
        )
        for job, reason in unmade.items():
            fresh.outcomes[job.row] = OUTCOMES.index(reason.partition("/")[0])
        for job, draft in work.drafts:
            fresh.text[job.row], fresh.text_pair[job.row] = draft.texts
            fresh.label[job.row] = draft.label
            fresh.augmenter[job.row] = self._drafter.augmenters[job.method].label
            fresh.outcomes[job.row] = MADE
        return fresh


def _as_read(rows: pa.Table, keys: Sequence[str]) -> pa.RecordBatch:
    """With a key for each row in the place of the source's id: two turns are two sources here."""
    given = {"source_id": pa.array(keys, pa.string()), "corpus": pa.nulls(len(keys), pa.string())}
    columns = [given.get(name) or rows[name].combine_chunks() for name in READ]
    return pa.RecordBatch.from_arrays(columns, names=list(READ))


def held_out_hashes(data: SoftLabelled) -> np.ndarray:
    """Content hashes of the validation and test texts, sorted, uint64."""
    hashes = {
        content_hash(source_id_of(text, pair))
        for split in ("validation", "test")
        if split in data.splits
        for table in file_tables(data, split)
        for text, pair in zip(
            *(table[name].to_pylist() for name in ("text", "text_pair")), strict=True
        )
    }
    return np.array(sorted(hashes), np.uint64)
