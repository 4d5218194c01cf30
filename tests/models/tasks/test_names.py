"""Labels mean the same whatever file they come from."""

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.names import BadLabel, LabelParser
from mashbill.models.tasks.registry import single
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.sources import plan
from tests.transforms.corpora import LABELS, read_all


@pytest.mark.parametrize(
    ("labels", "value", "index"),
    [
        (LABELS, "1.0", 1),
        (LABELS, " positive ", 1),
        (LABELS, "", None),
        (LABELS, " ", None),
        (LABELS, float("nan"), None),
        (LABELS, True, 1),
        (LABELS, "False", 0),
        (("True", "False"), True, 0),
        (("true", "false"), "False", 1),
        (("0", "1"), True, 1),
        (("1.0", "2.0"), 1, 0),
        (("0.5", "1.5"), 0.5, 0),
        (("cafe\u0301", "tea"), "caf\u00e9", 0),
        (("caf\u00e9", "tea"), "cafe\u0301", 0),
    ],
)
def test_a_label_is_a_name_a_number_or_a_boolean(labels, value, index):
    assert LabelParser(labels)(value) == index


@pytest.mark.parametrize(
    ("labels", "value"),
    [
        (LABELS, 0.5),
        (LABELS, "0.5"),
        (LABELS, -1),
        (LABELS, "1_0"),
        (("a", "b", "c"), True),
        (("1", "2"), True),
        (LABELS, b"positive"),
    ],
)
def test_what_is_no_label_is_said(labels, value):
    with pytest.raises(BadLabel, match="label"):
        LabelParser(labels)(value)


def class_label_file(path, names):
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=names)}
    )
    rows = {"text": ["up", "down", "?"], "label": [0, 1, -1]}
    datasets.Dataset.from_dict(rows, features).to_parquet(path)
    return path


def test_class_names_in_a_parquet_file_go_before_the_recipes_order(tmp_path):
    path = class_label_file(tmp_path / "a.parquet", ["positive", "negative"])
    assert read_all(path, label="label").labels == [1, 0, None]


def test_class_names_that_the_recipe_lacks_are_an_error_before_any_work(tmp_path):
    path = class_label_file(tmp_path / "a.parquet", ["positive", "neutral"])
    for address in (path, f"hf://{tmp_path}"):
        spec = CorpusSpec("reviews", str(address), label="label")
        with pytest.raises(MashbillError, match="label 'neutral' is not in labels"):
            plan(spec, task=single(LABELS))


def test_float_labels_of_a_csv_file(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,1.0\nb,0.0\nc,\nd,0.5\n")
    found = read_all(tmp_path / "a.csv", label="label")
    assert (found.labels, found.lines) == ([1, 0, None], [5])


def test_boolean_labels_of_a_parquet_file(tmp_path):
    pq.write_table(pa.table({"text": ["a", "b"], "label": [True, False]}), tmp_path / "a.parquet")
    assert read_all(tmp_path / "a.parquet", label="label").labels == [1, 0]
    named = read_all(tmp_path / "a.parquet", labels=("True", "False"), label="label")
    assert named.labels == [0, 1]


@pytest.mark.parametrize("name", ["reviews [final].txt", "what?*.txt"])
def test_a_path_that_exists_is_that_file(tmp_path, name):
    folder = tmp_path / "set [1]"
    folder.mkdir()
    (folder / name).write_text("x\n")
    assert read_all(folder / name).texts == ["x"]
    assert read_all(folder / "*.txt").texts == ["x"]
    with pytest.raises(MashbillError, match=r"write \[\[\] for \["):
        plan(CorpusSpec("reviews", str(folder / "other [final].txt")))


def test_white_space_and_zero_width_are_no_text(tmp_path):
    (tmp_path / "a.txt").write_text("one\n   \n\u200b\u2060\n\u3000\u00a0\n")
    assert read_all(tmp_path / "a.txt").counts == [4, 3]
    (tmp_path / "a.jsonl").write_text('{"text": " \\u200b"}\n   \n{"text": "x"}\n')
    found = read_all(tmp_path / "a.jsonl")
    assert found.rejects == [(1, "the field 'text' is empty")]
    assert found.counts == [3, 1]


def test_a_json_error_names_line_and_column(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n{"text": oops}\n')
    ((line, reason),) = read_all(tmp_path / "a.jsonl").rejects
    assert line == 2
    assert reason.startswith("not JSON: ")
    assert reason.endswith("at column 10")
