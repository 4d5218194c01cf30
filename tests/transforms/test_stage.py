"""What every stage accounts for, whatever it does."""

import pyarrow as pa

from mashbill.transforms.ledger import COUNTS, row_reject, sum_counts
from mashbill.transforms.stage import Outcome, Stage
from tests.transforms.batches import sources


class Picky(Stage):
    """Cannot process texts with an x."""

    name = "picky"

    def run(self, batch):
        bad = [row for row, text in enumerate(batch["text"].to_pylist()) if "x" in text]
        kept = batch.take(pa.array([i for i in range(batch.num_rows) if i not in bad], pa.int64()))
        rejects = [row_reject(self.name, "an x", batch, row) for row in bad]
        return Outcome(kept, {"in": batch.num_rows, "rejected": len(bad)}, rejects)


def test_rows_and_rejects_are_counted_by_corpus():
    batch = pa.concat_batches([sources("a", "x", "b"), sources("xx", corpus="tweets")])
    outputs = [one.value for one in Picky().process((3, batch)) if not isinstance(one, tuple)]
    counts = sum_counts(found for _, found in outputs if found.schema == COUNTS)
    assert {name: value for name, value in counts.items() if name.startswith("picky/")} == {
        "picky/in": 4,
        "picky/rejected": 2,
        "picky/by_corpus/reviews/in": 3,
        "picky/by_corpus/reviews/rejected": 1,
        "picky/by_corpus/tweets/in": 1,
        "picky/by_corpus/tweets/rejected": 1,
    }
