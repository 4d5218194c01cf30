import errno
import gzip
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.io.localfilesystem import LocalFileSystem

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.registry import single
from mashbill.transforms.corpus_files import digests
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.readers import read
from mashbill.transforms.sources import plan


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
    refused(tmp_path / "a.txt", "has only lines", label="label")


def test_broken_parquet(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really")
    refused(tmp_path / "a.parquet", "not a Parquet file")
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


def test_a_file_that_several_patterns_match_is_read_once(tmp_path):
    (tmp_path / "a.txt").write_text("x\n")
    patterns = (str(tmp_path / "*.txt"), str(tmp_path / "a.*"))
    assert len(plan(CorpusSpec("reviews", patterns))) == 1


def test_a_header_that_is_broken_or_names_a_column_twice(tmp_path):
    (tmp_path / "a.csv").write_text("text,text\nx,y\n")
    refused(tmp_path / "a.csv", "column 'text' appears twice")
    (tmp_path / "b.csv").write_text('"text,label\nx,y\n')
    refused(tmp_path / "b.csv", "b.csv: no header: unexpected end of data")
    (tmp_path / "c.csv").write_bytes(b"text\rx\ny\n")
    refused(tmp_path / "c.csv", "c.csv: no header: new-line character")
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(b"text\nx\n")[:-12])
    refused(tmp_path / "d.csv.gz", "d.csv.gz: no header: Truncated compressed stream")


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.parquet"])
def test_a_file_that_cannot_be_opened(tmp_path, monkeypatch, name):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    (tmp_path / name).write_text("text\nx\n")
    monkeypatch.setattr("mashbill.transforms.sources.open_plain", refuse)
    refused(tmp_path / name, f"corpus reviews: .*{name}: cannot be read: Permission denied")


def test_a_file_name_that_is_no_unicode(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff.txt", "wb") as file:
        file.write(b"x")
    refused(tmp_path / "*.txt", "the file name is not valid UTF-8")


def test_a_scheme_that_no_file_system_knows():
    refused("nosuch://bucket/a.txt", "corpus reviews: nosuch://bucket/a.txt: ")


class ShelfFileSystem(LocalFileSystem):
    """Local files under the scheme `shelf`, as a stand-in for a remote store."""

    @classmethod
    def scheme(cls):
        return "shelf"

    def match(self, patterns, limits=None):
        found = super().match([pattern.removeprefix("shelf://") for pattern in patterns], limits)
        for result in found:
            for metadata in result.metadata_list:
                metadata.path = f"shelf://{metadata.path}"
        return found

    def open(self, path, *args, **settings):
        return super().open(path.removeprefix("shelf://"), *args, **settings)

    def checksum(self, path):
        with self.open(path) as file:
            return f"sum {sum(file.read())}"


def test_any_file_system_that_beam_knows(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n' * 40)
    spec = CorpusSpec("reviews", f"shelf://{tmp_path}/*.jsonl")
    items = plan(spec, range_bytes=100)
    assert len(items) == 6
    assert (
        sum(part.batch.num_rows for item in items for part in read(item, single(("a", "b")))) == 40
    )
    before = digests(spec)
    assert list(before) == [f"shelf://{tmp_path}/a.jsonl"]
    (tmp_path / "a.jsonl").write_text('{"text": "y"}\n' * 40)
    assert digests(spec) != before


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_misspelt_label_field_of_json_rows(tmp_path, pack):
    path = tmp_path / ("a.jsonl.gz" if pack is gzip.compress else "a.jsonl")
    path.write_bytes(pack(b'{broken\n{"text": "x"}\n[1]\n{"text": "y", "label": "good"}\n'))
    refused(path, r"no row has the field 'lable' \(did you mean 'label'\?\)", label="lable")
    assert plan(CorpusSpec("reviews", str(path), label="label"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_label_field_that_no_json_row_has(tmp_path, pack):
    path = tmp_path / ("a.jsonl.gz" if pack is gzip.compress else "a.jsonl")
    path.write_bytes(pack(b'{"text": "x"}\n{"text": "y", "rating": "good"}\n'))
    refused(path, r"no row has the field 'label'; it has 'text', 'rating'\.", label="label")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_files_of_json_rows_may_lack_the_label_where_the_corpus_allows_it(tmp_path, pack):
    ending = "jsonl.gz" if pack is gzip.compress else "jsonl"
    bare = b'{"text": "%s"}\n' % (b"x" * 1000) * 1500  # more than is sampled
    (tmp_path / f"a.{ending}").write_bytes(pack(bare))
    refused(tmp_path / f"a.{ending}", "no row has the field 'gr\xf6\xdfe'", label="gr\xf6\xdfe")
    (tmp_path / f"b.{ending}").write_bytes(pack(bare + '{"gr\xf6\xdfe": "good"}\n'.encode()))
    refused(tmp_path / "*", rf"no row of {tmp_path}/a\.{ending} has the field", label="gr\xf6\xdfe")
    spec = CorpusSpec("reviews", str(tmp_path / "*"), label="gr\xf6\xdfe", allow_missing_label=True)
    assert plan(spec)


def test_columns_are_checked_in_every_file(tmp_path):
    (tmp_path / "a.csv").write_text("text\nx\n")
    (tmp_path / "b.csv").write_text("body\nx\n")
    refused(tmp_path / "*.csv", r"b\.csv: no column 'text'")


def test_what_is_no_plain_file_is_named_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "rows.txt")
    for path, kind in ((tmp_path / "rows.txt", "a named pipe"), ("/dev/zero", "a device")):
        with pytest.raises(MashbillError, match=f"corpus reviews: {path}: .*it is {kind}"):
            plan(CorpusSpec("reviews", str(path), format="text"))


def test_a_file_that_grows_while_it_is_read_ends_the_reading(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n")
    (item,) = plan(CorpusSpec("films", str(path)))
    with path.open("a") as file:
        file.write("three\n")
    with pytest.raises(MashbillError, match=r"a\.txt: changed while it was read"):
        list(read(item, single(("bad", "good"))))
