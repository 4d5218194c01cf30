import json

import apache_beam as beam
import pyarrow as pa
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from mashbill.models.tasks.registry import single
from mashbill.transforms import coders
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.ledger import COUNTS, reject_lines, sum_counts
from mashbill.transforms.read import Read
from mashbill.transforms.sources import plan
from mashbill.transforms.stage import LEDGER
from tests.transforms.batches import sources


def corpus(folder):
    lines = ['{"text": "a"}', '{"text": "b", "label": "good"}', "{broken", "", '{"text": "A"}']
    (folder / "a.jsonl").write_text("\n".join(lines) + "\n")
    return CorpusSpec("reviews", str(folder / "a.jsonl"), label="label")


def read_ledger(folder, wanted):
    """Counts and rejects that a job for the shards `wanted` puts on record."""
    found = []
    with TestPipeline(runner="FnApiRunner") as pipeline:
        read = pipeline | Read(
            plan(corpus(folder), 10), single(("bad", "good")), 4, frozenset(wanted)
        )
        texts = read.examples | beam.FlatMap(lambda batch: batch.column("text").to_pylist())
        assert_that(texts, equal_to(["a", "b", "A"]))
        _ = (
            read[LEDGER]
            | beam.Values()
            | beam.combiners.ToList()
            | beam.Map(lambda batches: (folder / "ledger").write_text(json.dumps(_plain(batches))))
        )
    found = json.loads((folder / "ledger").read_text())
    return found["counts"], found["rejects"]


def _plain(batches):
    counts = [batch for batch in batches if batch.schema == COUNTS]
    rejects = [batch for batch in batches if batch.schema != COUNTS]
    return {
        "counts": dict(sum_counts(counts)),
        "rejects": [json.loads(line) for line in reject_lines(rejects)],
    }


def test_every_line_is_on_record_once(tmp_path):
    counts, (reject,) = read_ledger(tmp_path, range(4))
    assert (counts["read/rows"], counts["read/blank"], counts["read/rejected"]) == (5, 1, 1)
    assert counts["read/by_corpus/reviews/rows"] == 5
    assert reject["source"] == {"corpus": "reviews", "file": str(tmp_path / "a.jsonl"), "line": 3}


def test_partitions_read_all_but_share_the_books(tmp_path):
    parts = [read_ledger(tmp_path, [shard]) for shard in range(4)]
    assert sum(counts.get("read/rows", 0) for counts, _ in parts) == 5
    assert sum(len(rejects) for _, rejects in parts) == 1


def test_a_batch_travels_as_arrow_with_its_schema():
    batch = sources("a", "b", labels=[1, None])
    coder = coders.RecordBatchCoder()
    assert coder.decode(coder.encode(batch)).equals(batch)
    assert coder.encode(batch) == coder.encode(batch)
    coders.register()
    assert isinstance(beam.coders.registry.get_coder(pa.RecordBatch), coders.RecordBatchCoder)


def test_what_was_read_travels_as_arrow(tmp_path):
    coders.register()
    pipeline = beam.Pipeline(runner="FnApiRunner")
    read = pipeline | Read(plan(corpus(tmp_path)), single(("bad", "good")), 4, frozenset())
    get_coder = beam.coders.registry.get_coder
    assert isinstance(get_coder(read.examples.element_type), coders.RecordBatchCoder)
    shard, batch = get_coder(read[LEDGER].element_type).coders()
    assert isinstance(shard, beam.coders.VarIntCoder)
    assert isinstance(batch, coders.RecordBatchCoder)
