"""Every data set that no student should be trained on is refused before any training."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mashbill.models.distill.dataset import DataError, check_augmenters, open_data
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
    data = open_data(str(folder), LABELS)
    train = data.splits["train"]
    assert (train.rows, train.labelled, data.splits["validation"].rows) == (72, 72, 12)
    assert train.augmenters == ("none", "test.add1", "test.add2")
    assert data.fingerprint == "f00"


def test_without_logits(folder):
    path = folder / "data" / "train-00000-of-00002.parquet"
    pq.write_table(pq.read_table(path).drop_columns("teacher_logits"), path)
    with pytest.raises(DataError, match="no column 'teacher_logits'"):
        open_data(str(folder), LABELS)


def test_another_order_of_labels(folder):
    with pytest.raises(DataError, match="in the order negative, positive; the recipe's labels are"):
        open_data(str(folder), ("positive", "negative"))


def test_another_number_of_classes(folder):
    with pytest.raises(DataError, match=r"2 classes \(negative, positive\); the recipe has 3"):
        open_data(str(folder), (*LABELS, "neutral"))


def test_logits_of_another_length_than_the_labels(folder):
    found = [{**row, "teacher_logits": [0.0, 1.0, 2.0]} for row in rows(3)]
    made = table(found, labels=("a", "b", "c")).replace_schema_metadata(table([]).schema.metadata)
    pq.write_table(made, folder / "data" / "train-00000-of-00002.parquet")
    with pytest.raises(DataError, match="not 2 numbers in every row"):
        open_data(str(folder), LABELS)


def test_no_names_of_classes(folder):
    path = folder / "data" / "test-00001-of-00002.parquet"
    pq.write_table(pq.read_table(path).replace_schema_metadata(), path)
    with pytest.raises(DataError, match=r"test-00001.*names no classes"):
        open_data(str(folder), LABELS)


def test_a_truncated_file(folder):
    path = folder / "data" / "train-00001-of-00002.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"train-00001-of-00002.parquet: no whole Parquet file"):
        open_data(str(folder), LABELS)


def test_a_file_damaged_in_the_middle(folder):
    path = folder / "data" / "train-00001-of-00002.parquet"
    content = bytearray(path.read_bytes())
    place = pq.read_metadata(path).row_group(0).column(7).dictionary_page_offset
    content[place : place + 60] = bytes(60)  # in the column of logits
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"train-00001-of-00002.parquet: damaged"):
        open_data(str(folder), LABELS)


def test_a_split_without_files(folder):
    for path in (folder / "data").glob("validation-*"):
        path.unlink()
    with pytest.raises(DataError, match="the validation split is empty"):
        open_data(str(folder), LABELS)


def test_a_split_whose_files_have_no_rows(folder):
    for path in (folder / "data").glob("validation-*"):
        pq.write_table(table([]), path)
    with pytest.raises(DataError, match="the validation split is empty"):
        open_data(str(folder), LABELS)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers(folder, bad):
    found = rows(3)
    found[4]["teacher_logits"] = [0.0, bad]
    path = replace(folder, found)
    with pytest.raises(
        DataError, match=rf"{path.name}: row 4: teacher_logits are \[0.0, (nan|inf)"
    ):
        open_data(str(folder), LABELS)


def test_a_row_without_logits(folder):
    found = rows(3)
    found[2]["teacher_logits"] = None
    loose = pa.list_(pa.float32())  # Arrow cannot read a null in a list of fixed size back
    schema = table([]).schema
    place = schema.get_field_index("teacher_logits")
    made = pa.Table.from_pylist(found, schema.set(place, pa.field("teacher_logits", loose)))
    pq.write_table(made, folder / "data" / "train-00000-of-00002.parquet")
    with pytest.raises(DataError, match="row 2 has no teacher_logits"):
        open_data(str(folder), LABELS)


def test_files_of_two_recipes(folder):
    replace(folder, rows(3), fingerprint="ba5")
    with pytest.raises(DataError, match="made by another recipe"):
        open_data(str(folder), LABELS)


def test_a_gold_label_beyond_the_classes(folder):
    replace(folder, [{**row, "label": 2} for row in rows(3)])
    with pytest.raises(DataError, match="gold labels from 2 to 2; allowed are 0 to 1"):
        open_data(str(folder), LABELS)


def test_a_mixing_ratio_for_an_augmenter_that_is_not_there(folder):
    data = open_data(str(folder), LABELS)
    check_augmenters(data, "distill.data.mix", {"test.add1": 0.5})
    with pytest.raises(
        DataError, match=r"no train row is by 'test.ad1' \(did you mean 'test.add1'"
    ):
        check_augmenters(data, "distill.data.mix", {"test.ad1": 0.5})
