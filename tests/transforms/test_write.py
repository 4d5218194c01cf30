import json

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mashbill.models.tasks.registry import single
from mashbill.transforms.annotate import TeacherFilter
from mashbill.transforms.files import read_bytes
from mashbill.transforms.layout import features, marker_path, parquet_schema, rejects_path
from mashbill.transforms.ledger import Reject, counts_batch, rejects_batch
from mashbill.transforms.write import WriteShard
from tests.transforms.batches import sources, with_variants
from tests.transforms.columns import COLUMNS

TASK = single(["bad", "good"])
SCHEMA = parquet_schema(features(TASK, COLUMNS), {"seed": 7})


def annotated(batch):
    logits = pa.array([[0.0, float(i)] for i in range(batch.num_rows)], pa.list_(pa.float32(), 2))
    stage = TeacherFilter(TASK, "uniform")
    return stage.run(batch.append_column("teacher_logits", logits)).batch


def write(out, *batches):
    return list(WriteShard(str(out), 4, SCHEMA).process((2, batches)))


@pytest.fixture
def train():
    return annotated(with_variants(sources("a", "b", labels=[0, None]), {"a": ["a1", "a2"]}))


def test_rows_lie_in_their_split_with_a_source_before_its_copies(tmp_path, train):
    write(tmp_path, train, annotated(sources("c", split="test")))
    table = pq.read_table(tmp_path / "data/train-00002-of-00004.parquet")
    rows = table.select(["source_id", "copy"]).to_pylist()
    assert rows == sorted(rows, key=lambda row: (row["source_id"], row["copy"]))
    assert table.num_rows == 4
    assert pq.read_table(tmp_path / "data/test-00002-of-00004.parquet")["text"].to_pylist() == ["c"]
    assert not (tmp_path / "data/validation-00002-of-00004.parquet").exists()


def test_the_bytes_do_not_depend_on_the_order_of_the_batches(tmp_path, train):
    other = annotated(sources("x", "y"))
    write(tmp_path / "1", train, other)
    write(tmp_path / "2", other, train)
    name = "data/train-00002-of-00004.parquet"
    assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_datasets_gives_the_label_names_back(tmp_path, train):
    write(tmp_path, train)
    loaded = datasets.load_dataset(str(tmp_path), cache_dir=str(tmp_path / "cache"))["train"]
    assert loaded.features["label"].names == ["bad", "good"]
    assert loaded.features["teacher_logits"] == datasets.List(datasets.Value("float32"), length=2)
    assert sorted(loaded["label"], key=str) == [0, 0, 0, None]


def test_metadata_and_compression_stand_in_the_file(tmp_path, train):
    write(tmp_path, train)
    file = pq.ParquetFile(tmp_path / "data/train-00002-of-00004.parquet")
    assert json.loads(file.schema_arrow.metadata[b"mashbill"]) == {"seed": 7}
    column = file.metadata.row_group(0).column(0)
    assert (column.compression, column.is_stats_set) == ("ZSTD", True)
    assert pa.types.is_dictionary(file.schema_arrow.field("augmenter").type)


def test_the_marker_says_what_was_written_and_lost(tmp_path, train):
    reject = Reject("annotate", "broken", {"corpus": "reviews"}, {"text": "x" * 900})
    (marker,) = write(
        tmp_path,
        counts_batch({"annotate/in": 2}),
        train,
        rejects_batch([reject]),
        counts_batch({"annotate/in": 3}),
    )
    assert marker["rows"] == {"train": 4}
    assert marker["counts"] == {
        "annotate/in": 5,
        "write/by_augmenter/none/rows": 2,
        "write/by_augmenter/test.made/rows": 2,
    }
    assert json.loads(read_bytes(marker_path(str(tmp_path), 2, 4))) == marker
    line = json.loads(read_bytes(rejects_path(str(tmp_path), 2, 4)))
    assert (line["stage"], line["reason"]) == ("annotate", "broken")
    assert len(line["example"]["text"]) == 500


def test_a_shard_without_rows_leaves_its_marker_alone(tmp_path):
    write(tmp_path, counts_batch({}))
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["shard-00002-of-00004.json"]


def test_logits_keep_every_bit(tmp_path):
    batch = annotated(sources("a"))
    exact = np.array([0.1, -3.3333333], np.float32)
    place = batch.schema.get_field_index("teacher_logits")
    column = pa.FixedSizeListArray.from_arrays(pa.array(exact), 2)
    write(tmp_path, batch.set_column(place, "teacher_logits", column))
    (row,) = pq.read_table(tmp_path / "data/train-00002-of-00004.parquet").to_pylist()
    assert np.array_equal(np.float32(row["teacher_logits"]), exact)
