import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import MashbillError
from transforms.sources import CorpusSpec, digests, plan


def refused(pattern, match, **spec):
    with pytest.raises(MashbillError, match=match):
        plan(CorpusSpec("reviews", str(pattern), **spec))


def test_a_glob_becomes_its_files_in_order(tmp_path):
    for name in ("b.txt", "a.txt", "c.md"):
        (tmp_path / name).write_text("x\n")
    items = plan(CorpusSpec("reviews", str(tmp_path / "*.txt")))
    assert [os.path.basename(item.path) for item in items] == ["a.txt", "b.txt"]


def test_large_files_are_cut_into_ranges(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"x" * 250)
    items = plan(CorpusSpec("reviews", str(tmp_path / "a.jsonl")), range_bytes=100)
    assert [(item.start, item.stop) for item in items] == [(0, 100), (100, 200), (200, 250)]


def test_a_pattern_without_files(tmp_path):
    refused(tmp_path / "*.txt", r"corpus reviews: no file matches .*\*\.txt")


def test_files_without_any_row(tmp_path):
    (tmp_path / "a.txt").write_text("")
    refused(tmp_path / "a.txt", "no rows in any file")


def test_an_unknown_extension(tmp_path):
    (tmp_path / "a.doc").write_text("x")
    refused(tmp_path / "a.doc", r"what format is this\? Known extensions: \.txt")
    assert plan(CorpusSpec("reviews", str(tmp_path / "a.doc"), format="text"))


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.txt").mkdir()
    refused(tmp_path / "a.txt", "a.txt")


def test_a_column_that_is_not_there(tmp_path):
    (tmp_path / "a.csv").write_text("txt,label\nx,y\n")
    refused(tmp_path / "a.csv", r"no column 'text' \(did you mean 'txt'\?\); it has 'txt', 'label'")
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "no column 'label'; it has 'text'", label="label")


def test_a_text_file_has_no_label(tmp_path):
    (tmp_path / "a.txt").write_text("x\n")
    refused(tmp_path / "a.txt", "no columns but its lines", label="label")


def test_broken_parquet(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really")
    refused(tmp_path / "a.parquet", "no Parquet file")
    pq.write_table(pa.table({"text": [1]}), tmp_path / "b.parquet")
    refused(tmp_path / "b.parquet", "column 'text' is int64, not text")


def test_a_hub_name_that_cannot_be_loaded(tmp_path):
    refused(f"hf://{tmp_path}/nowhere", "cannot be loaded")
    refused(f"hf://{tmp_path}?spilt=train", "spilt: allowed are split, config and revision")


def test_a_digest_follows_the_content_not_the_time(tmp_path):
    path = tmp_path / "a.txt"
    spec = CorpusSpec("reviews", str(path))
    path.write_text("one")
    before = digests(spec)
    os.utime(path, (0, 0))
    assert digests(spec) == before
    path.write_text("two")
    assert digests(spec) != before
