"""What every stage accounts for, whatever it does."""

from collections import defaultdict

import pyarrow as pa
from apache_beam.pvalue import TaggedOutput

from mashbill.transforms.ledger import COUNTS, REJECTS, row_reject, sum_counts
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


def outputs_of(stage, elements):
    """Rows, counts and rejects by shard, of one bundle."""
    rows, counts, rejects = defaultdict(list), defaultdict(list), defaultdict(list)
    found = [one for element in elements for one in stage.process(element)]
    found += [
        TaggedOutput(one.tag, one.value.value) if isinstance(one, TaggedOutput) else one.value
        for one in stage.finish_bundle()
    ]
    for one in found:
        shard, batch = one.value if isinstance(one, TaggedOutput) else one
        if batch.schema == COUNTS:
            counts[shard].append(batch)
        elif batch.schema == REJECTS:
            rejects[shard] += batch.to_pylist()
        else:
            rows[shard] += batch.to_pylist()
    sums = {shard: sum_counts(found) for shard, found in counts.items()}
    for found in sums.values():
        for name in [name for name in found if "seconds" in name]:
            del found[name]
    return rows, sums, rejects


def test_batches_that_are_held_come_to_the_same(monkeypatch):
    elements = [(i % 2, sources(*texts)) for i, texts in enumerate(["ab", "xc", "d", "xx", "e"])]
    stage, seen = Picky(), []
    stage.start_bundle()
    expected = outputs_of(stage, elements)
    monkeypatch.setattr(stage, "rows_at_once", 4)
    monkeypatch.setattr(stage, "run", lambda batch: seen.append(batch) or Picky.run(stage, batch))
    assert outputs_of(stage, elements) == expected
    assert [batch.num_rows for batch in seen] == [2, 2, 2, 2]  # both shards, then what was left
    assert outputs_of(stage, []) == ({}, {}, {})
