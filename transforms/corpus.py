"""A corpus in memory, without a Beam runner: for training and for tests."""

from collections.abc import Sequence

import pyarrow as pa

from mashbill.models.errors import MashbillError
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.deduplicate import deduplicate
from mashbill.transforms.examples import identify
from mashbill.transforms.readers import read
from mashbill.transforms.sources import plan


def load_examples(
    specs: Sequence[CorpusSpec], labels: Sequence[str], fractions: Sequence[float]
) -> pa.Table:
    """The unique source examples with their splits, just as the pipeline sees them.

    Returns:
        The columns of `EXAMPLES`, sorted by `source_id`; rejects and duplicates are left out.

    Raises:
        MashbillError: see `plan`; or nothing could be read.
    """
    batches = [
        identify(part.batch, fractions, {spec.name: spec.labelled})
        for spec in specs
        for item in plan(spec, labels=labels)
        for part in read(item, labels)
        if part.batch.num_rows
    ]
    if not batches:
        names = ", ".join(spec.name for spec in specs)
        raise MashbillError(f"corpus {names}: not one row could be used")
    return deduplicate(pa.Table.from_batches(batches)).unique
