"""Fields inside of fields, in the names of folders, and in some files only."""

import json

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mashbill.models.errors import MashbillError
from tests.transforms.corpora import read_all

NESTED = [
    {"body": {"text": "a"}, "meta": {"label": "positive"}},
    {"body": {"text": "b"}, "meta": {}},
]
KEYS = {"text": "body.text", "label": "meta.label"}


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet", "hub"])
def test_nested_fields(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps(record) + "\n" for record in NESTED))
    elif kind == "json":
        path.write_text(json.dumps(NESTED))
    else:
        path = tmp_path / "a.parquet"
        pq.write_table(pa.Table.from_pylist(NESTED), path)
    found = read_all(f"hf://{tmp_path}" if kind == "hub" else path, **KEYS)
    assert (found.texts, found.labels) == (["a", "b"], [1, None])


def test_a_key_with_a_dot_goes_first(tmp_path):
    record = {"body.text": "literal", "body": {"text": "nested"}}
    (tmp_path / "a.jsonl").write_text(json.dumps(record))
    (tmp_path / "a.csv").write_text("body.text\nliteral\n")
    pq.write_table(pa.Table.from_pylist([record]), tmp_path / "a.parquet")
    for path in tmp_path.iterdir():
        assert read_all(path, text="body.text").texts == ["literal"]


def test_a_nested_field_that_is_not_there(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"body": {"text": "a"}}\n{"body": "b"}\n')
    found = read_all(tmp_path / "a.jsonl", text="body.text")
    assert found.rejects == [(2, "the field 'body.text' is missing")]
    pq.write_table(pa.Table.from_pylist(NESTED), tmp_path / "a.parquet")
    with pytest.raises(MashbillError, match=r"no column 'body\.txt' .did you mean 'body\.text'"):
        read_all(tmp_path / "a.parquet", text="body.txt")


def test_class_names_of_a_nested_label(tmp_path):
    meta = {"label": datasets.ClassLabel(names=["positive", "negative"])}
    features = datasets.Features({"text": datasets.Value("string"), "meta": meta})
    rows = {"text": ["a", "b"], "meta": [{"label": 0}, {"label": 1}]}
    datasets.Dataset.from_dict(rows, features).to_parquet(tmp_path / "a.parquet")
    assert read_all(tmp_path / "a.parquet", label="meta.label").labels == [1, 0]


@pytest.mark.parametrize("kind", ["txt", "jsonl", "csv", "parquet"])
def test_a_label_in_the_names_of_the_folders(tmp_path, kind):
    for label in ("negative", "pos%69tive", "__HIVE_DEFAULT_PARTITION__"):
        path = tmp_path / f"label={label}" / f"a.{kind}"
        path.parent.mkdir()
        if kind == "parquet":
            pq.write_table(pa.table({"text": ["x"]}), path)
        else:
            path.write_text({"txt": "x\n", "jsonl": '{"text": "x"}\n', "csv": "text\nx\n"}[kind])
    found = read_all(tmp_path / "*" / f"a.{kind}", label="label")
    assert found.texts == ["x"] * 3
    assert sorted(found.labels, key=str) == [0, 1, None]


@pytest.mark.parametrize("kind", ["csv", "parquet", "txt"])
def test_a_file_without_the_label_must_be_allowed(tmp_path, kind):
    (tmp_path / "a.csv").write_text("text,label\nx,positive\n")
    path = tmp_path / f"b.{kind}"
    if kind == "parquet":
        pq.write_table(pa.table({"text": ["y"]}), path)
    else:
        path.write_text("text\ny\n" if kind == "csv" else "y\n")
    with pytest.raises(MashbillError, match=rf"b\.{kind}: .*label"):
        read_all(tmp_path / "*", label="label")
    found = read_all(tmp_path / "*", label="label", allow_missing_label=True)
    assert (found.texts, found.labels) == (["x", "y"], [1, None])
    with pytest.raises(MashbillError, match="no file has the column 'label'"):
        read_all(path, label="label", allow_missing_label=True)


def test_all_files_without_the_label_are_named_at_once(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nx,positive\n")
    (tmp_path / "b.csv").write_text("text,lable\nx,positive\n")
    pq.write_table(pa.table({"text": ["y"]}), tmp_path / "c.parquet")
    (tmp_path / "d.txt").write_text("z\n")
    for i in range(10, 14):
        (tmp_path / f"e{i}.txt").write_text("z\n")
    with pytest.raises(MashbillError) as raised:
        read_all(tmp_path / "*", label="label")
    names = [str(tmp_path / name) for name in ("b.csv", "c.parquet", "d.txt", "e10.txt", "e11.txt")]
    said = str(raised.value)
    assert f"7 files have no column 'label': {', '.join(names)} and 2 more; " in said
    assert "`allow_missing_label: true`" in said
    assert "did you mean 'lable'?" in said
    (tmp_path / "a.csv").unlink()
    with pytest.raises(MashbillError, match="7 files") as raised:
        read_all(tmp_path / "*", label="label")
    assert "allow_missing_label" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "\n  \n\u200b\n"),
        ("a.jsonl", " \n\n"),
        ("a.json", "[\n]\n"),
        ("a.csv", "text,label\n\n"),
    ],
)
def test_a_corpus_of_nothing_but_blank_lines_is_an_error(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(MashbillError, match="no rows in any file"):
        read_all(tmp_path / name)


def test_a_text_behind_a_megabyte_of_blank_lines_is_found(tmp_path):
    (tmp_path / "a.txt").write_text("\n  \n\u200b\n")
    (tmp_path / "b.txt").write_text(("\n\u200b" + " " * 1000 + "\n") * 2000 + "x\n")
    assert read_all(tmp_path / "*").texts == ["x"]
