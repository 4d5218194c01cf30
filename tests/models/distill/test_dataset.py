"""Every data set that no student should be trained on is refused before any training."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from mashbill.models.distill.dataset import check_augmenters, open_data
from mashbill.models.distill.rows import DataError
from mashbill.models.distill.stream import file_tables
from mashbill.models.tasks.registry import single
from tests.models.distill.data import LABELS, rows, table, write


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path)


def replace(folder, found, **options):
    """Puts other rows into the first train file."""
    path = folder / "data" / "train-00000-of-00002.parquet"
    pq.write_table(table(found, **options), path)
    return path


def test_finds_rows_labels_and_augmenters(folder):
    data = open_data(str(folder), single(LABELS))
    train = data.splits["train"]
    assert (train.rows, train.labelled, data.splits["validation"].rows) == (72, 72, 12)
    assert train.augmenters == ("none", "test.add1", "test.add2")
    assert data.fingerprint == "f00"


def test_without_logits(folder):
    path = folder / "data" / "train-00000-of-00002.parquet"
    pq.write_table(pq.read_table(path).drop_columns("teacher_logits"), path)
    with pytest.raises(DataError, match="no column 'teacher_logits'"):
        open_data(str(folder), single(LABELS))


def test_another_order_of_labels(folder):
    with pytest.raises(DataError, match="in the order negative, positive; the recipe's labels are"):
        open_data(str(folder), single(("positive", "negative")))


def test_another_number_of_classes(folder):
    with pytest.raises(DataError, match=r"2 classes \(negative, positive\); the recipe has 3"):
        open_data(str(folder), single((*LABELS, "neutral")))


def test_logits_of_another_length_than_the_labels(folder):
    found = [{**row, "teacher_logits": [0.0, 1.0, 2.0]} for row in rows(3)]
    made = table(found, labels=("a", "b", "c")).replace_schema_metadata(table([]).schema.metadata)
    pq.write_table(made, folder / "data" / "train-00000-of-00002.parquet")
    with pytest.raises(DataError, match="row 0: expected 2 numbers in teacher_logits, found 3"):
        open_data(str(folder), single(LABELS))


def test_no_names_of_classes(folder):
    path = folder / "data" / "test-00001-of-00002.parquet"
    pq.write_table(pq.read_table(path).replace_schema_metadata(), path)
    with pytest.raises(DataError, match=r"test-00001.*names no classes"):
        open_data(str(folder), single(LABELS))


def test_a_truncated_file(folder):
    path = folder / "data" / "train-00001-of-00002.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        DataError, match=r"train-00001-of-00002.parquet: not a complete Parquet file"
    ):
        open_data(str(folder), single(LABELS))


def test_a_file_damaged_in_the_middle(folder):
    path = folder / "data" / "train-00001-of-00002.parquet"
    content = bytearray(path.read_bytes())
    place = pq.read_metadata(path).row_group(0).column(7).dictionary_page_offset
    content[place : place + 60] = bytes(60)  # in the column of logits
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"train-00001-of-00002.parquet: damaged"):
        open_data(str(folder), single(LABELS))


def test_a_split_without_files(folder):
    for path in (folder / "data").glob("validation-*"):
        path.unlink()
    with pytest.raises(DataError, match="the validation split is empty"):
        open_data(str(folder), single(LABELS))


def test_a_split_whose_files_have_no_rows(folder):
    for path in (folder / "data").glob("validation-*"):
        pq.write_table(table([]), path)
    with pytest.raises(DataError, match="the validation split is empty"):
        open_data(str(folder), single(LABELS))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers(folder, bad):
    found = rows(3)
    found[4]["teacher_logits"] = [0.0, bad]
    path = replace(folder, found)
    with pytest.raises(
        DataError, match=rf"{path.name}: row 4: teacher_logits are \[0.0, (nan|inf)"
    ):
        open_data(str(folder), single(LABELS))


def test_a_row_without_logits(folder):
    found = rows(3)
    found[2]["teacher_logits"] = None
    loose = pa.list_(pa.float32())  # Arrow cannot read a null in a list of fixed size back
    schema = table([]).schema
    place = schema.get_field_index("teacher_logits")
    made = pa.Table.from_pylist(found, schema.set(place, pa.field("teacher_logits", loose)))
    pq.write_table(made, folder / "data" / "train-00000-of-00002.parquet")
    with pytest.raises(DataError, match="row 2 has no teacher_logits"):
        open_data(str(folder), single(LABELS))


def test_files_of_two_recipes(folder):
    replace(folder, rows(3), fingerprint="ba5")
    with pytest.raises(DataError, match="written with another recipe"):
        open_data(str(folder), single(LABELS))


def test_a_gold_label_beyond_the_classes(folder):
    replace(folder, [{**row, "label": 2} for row in rows(3)])
    with pytest.raises(
        DataError, match="row 0: the gold label is 2; allowed are 0 to 1, or negative"
    ):
        open_data(str(folder), single(LABELS))


def test_a_mixing_ratio_for_an_augmenter_that_is_not_there(folder):
    data = open_data(str(folder), single(LABELS))
    check_augmenters(data, "distill.data.mix", {"test.add1": 0.5})
    with pytest.raises(
        DataError, match=r"no train row is by 'test.ad1' \(did you mean 'test.add1'"
    ):
        check_augmenters(data, "distill.data.mix", {"test.ad1": 0.5})


def unmarked(folder, change) -> None:
    """Every file as somebody else would write it: without our metadata, and changed."""
    names = {"info": {"features": {"label": {"names": list(LABELS)}}}}
    for path in (folder / "data").glob("*.parquet"):
        found = change(pq.read_table(path))
        pq.write_table(found.replace_schema_metadata({"huggingface": json.dumps(names)}), path)


def with_column(found, name, values):
    return found.set_column(found.schema.get_field_index(name), name, values)


def test_data_of_others_is_known_by_its_content(folder):
    unmarked(folder, lambda found: found)
    first = open_data(str(folder), single(LABELS)).fingerprint
    assert open_data(str(folder), single(LABELS)).fingerprint == first
    louder = lambda found: with_column(found, "text", pc.utf8_upper(found["text"]))  # noqa: E731
    unmarked(folder, louder)
    assert open_data(str(folder), single(LABELS)).fingerprint != first


def test_gold_labels_by_name(folder):
    def named(found):
        names = [LABELS[label] for label in found["label"].to_pylist()]
        return with_column(found, "label", pa.array(names))

    expected = [
        t["label"].to_pylist() for t in file_tables(open_data(str(folder), single(LABELS)), "train")
    ]
    unmarked(folder, named)
    data = open_data(str(folder), single(LABELS))
    assert [t["label"].to_pylist() for t in file_tables(data, "train")] == expected


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("label", "so so", r"row 4: the gold label is 'so so'; allowed are 0 to 1, or negative"),
        ("text", None, "row 4 has no text"),
        ("weight", None, "row 4 has no weight"),
        ("teacher_logits", [0.5], "row 4: expected 2 numbers in teacher_logits, found 1"),
        ("teacher_logits", None, "row 4 has no teacher_logits"),
    ],
)
def test_a_row_at_fault_is_named_with_its_column(folder, name, value, message):
    def spoilt(found):
        values = found[name].to_pylist()
        if name == "label":
            values = [LABELS[label] for label in values]
        if name == "teacher_logits" and value is not None:
            values[5] = [1.0, 2.0, 3.0]  # as many numbers in all as there should be
        values[4] = value
        return with_column(found, name, pa.array(values))

    unmarked(folder, spoilt)
    with pytest.raises(DataError, match=message):
        open_data(str(folder), single(LABELS))


def test_probabilities_are_no_logits(folder):
    def softened(found):
        return with_column(
            found,
            "teacher_logits",
            pa.array([[0.25, 0.75]] * found.num_rows, pa.list_(pa.float32())),
        )

    unmarked(folder, softened)
    with pytest.raises(DataError, match=r"distill.data.scores: probabilities"):
        open_data(str(folder), single(LABELS))
    data = open_data(str(folder), single(LABELS), probabilities=True)
    (first, *_) = file_tables(data, "train")
    shares = np.exp(single(LABELS).scores(first["teacher_logits"]))
    np.testing.assert_allclose(shares, [[0.25, 0.75]] * first.num_rows, rtol=1e-5)


def test_logits_are_no_probabilities(folder):
    with pytest.raises(DataError, match="a negative number or does not sum to 1"):
        open_data(str(folder), single(LABELS), probabilities=True)


def test_an_unfinished_data_set_is_none(folder):
    state = folder / ".mashbill"
    state.mkdir()
    run = {"settings": {"shards": 2}, "about": {"fingerprint": "f00"}}
    (state / "run.json").write_text(json.dumps(run))
    (state / "shard-00000-of-00002.json").write_text("{}")
    with pytest.raises(DataError, match="not finished: 1 of 2 shards exist"):
        open_data(str(folder), single(LABELS))
    (state / "shard-00001-of-00002.json").write_text("{}")
    assert open_data(str(folder), single(LABELS)).fingerprint == "f00"
    run["about"]["fingerprint"] = "other"
    (state / "run.json").write_text(json.dumps(run))
    with pytest.raises(DataError, match="written by another run"):
        open_data(str(folder), single(LABELS))


def test_a_part_of_a_data_set_of_others(folder):
    unmarked(folder, lambda found: found)
    (folder / "data" / "train-00001-of-00002.parquet").unlink()
    with pytest.raises(DataError, match=r"1 of the 2 files like train-00000-of-00002\.parquet"):
        open_data(str(folder), single(LABELS))
