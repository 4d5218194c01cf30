import apache_beam as beam
import pyarrow as pa
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from mashbill.transforms.examples import content_hash, shard_of, source_id_of
from mashbill.transforms.shuffle import ROWS_PER_BATCH, ToShards, held_out_hashes, slices
from tests.transforms.batches import sources


def test_each_row_goes_to_the_shard_of_its_id_once():
    texts = [f"text {i}" for i in range(200)]
    wanted = frozenset({0, 2})
    expected = [
        (shard, text) for text in texts if (shard := shard_of(source_id_of(text), 4)) in wanted
    ]
    with TestPipeline() as pipeline:
        rows = (
            pipeline
            | beam.Create([sources(*texts[:150]), sources(*texts[150:])])
            | beam.ParDo(ToShards(4, wanted))
            | beam.FlatMap(lambda kv: [(kv[0], text) for text in kv[1].column("text").to_pylist()])
        )
        assert_that(rows, equal_to(expected))


def test_only_validation_and_test_rows_are_held_out():
    (hashes,) = held_out_hashes(sources("kept", split="test"))
    assert hashes.tolist() == [content_hash(source_id_of("kept"))]
    assert not list(held_out_hashes(sources("seen", split="train")))


@given(st.lists(st.integers(0, 700_000), max_size=12))
def test_slices_hold_every_row_in_order_and_stay_small(lengths):
    texts = [f"{i:03d}" + "x" * length for i, length in enumerate(lengths)]
    cut = list(slices(pa.Table.from_batches([sources(*texts)])))
    assert [text for batch in cut for text in batch.column("text").to_pylist()] == texts
    for batch in cut:
        size = sum(map(len, batch.column("text").to_pylist()))
        assert batch.num_rows == 1 or size <= 1 << 20


def test_slices_hold_at_most_512_rows():
    table = pa.Table.from_batches([sources(*map(str, range(1100)))])
    assert [batch.num_rows for batch in slices(table)] == [ROWS_PER_BATCH, ROWS_PER_BATCH, 76]
