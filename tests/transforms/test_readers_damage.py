"""Damaged files: an error that names the file, or rows that add up; never less without a word."""

import bz2
import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from mashbill.models.errors import MashbillError
from tests.transforms.corpora import Found, read_all

TEXTS = [f"line {i} é" for i in range(40)]
COMPRESS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}


def parquet() -> bytes:
    sink = io.BytesIO()
    table = pa.table({"text": TEXTS, "label": ["a", "b"] * 20})
    pq.write_table(table, sink, row_group_size=15)
    return sink.getvalue()


def read_or_error(path) -> Found | None:
    try:
        return read_all(path, 100)
    except MashbillError as error:
        message = str(error)
    assert str(path) in message
    return None


@pytest.mark.parametrize("extension", COMPRESS)
def test_a_truncated_archive_is_an_error_wherever_it_was_cut(tmp_path, extension):
    path = tmp_path / f"a.txt.{extension}"
    whole = COMPRESS[extension]("\n".join(TEXTS).encode())
    for end in range(1, len(whole)):
        path.write_bytes(whole[:end])
        assert read_or_error(path) is None


@pytest.mark.parametrize("extension", COMPRESS)
def test_bytes_behind_an_archive_are_an_error(tmp_path, extension):
    path = tmp_path / f"a.txt.{extension}"
    path.write_bytes(COMPRESS[extension](b"one\n") + b"and something else")
    assert read_or_error(path) is None


def test_zeros_behind_a_gz_archive_are_padding(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n") + bytes(1000))
    assert read_all(path).texts == ["one", "two"]


@pytest.mark.parametrize("extension", COMPRESS)
@pytest.mark.parametrize("content", [b"a", b"a" * 30 + b"\n", b"\n"], ids=["line", "rows", "blank"])
def test_a_bomb_is_an_error_and_not_all_of_memory(tmp_path, monkeypatch, extension, content):
    monkeypatch.setattr("mashbill.transforms.streams.EXPANDS_FREELY", 1 << 20)
    path = tmp_path / f"a.txt.{extension}"
    path.write_bytes(COMPRESS[extension](content * ((2 << 20) // len(content))))
    with pytest.raises(MashbillError, match=r"a\.txt.*expands more than 200-fold"):
        read_all(path)


def test_an_archive_of_dull_text_is_no_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr("mashbill.transforms.streams.EXPANDS_FREELY", 1 << 20)
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"".join(b"%d is the same text\n" % i for i in range(100_000))))
    assert len(read_all(path).texts) == 100_000


@given(st.sampled_from(sorted(COMPRESS)), st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_of_an_archive_loses_no_row_unnoticed(
    tmp_path_factory, extension, at, change
):
    path = tmp_path_factory.mktemp("damage") / f"a.txt.{extension}"
    content = bytearray(COMPRESS[extension]("\n".join(TEXTS).encode()))
    content[at % len(content)] ^= change
    path.write_bytes(content)
    found = read_or_error(path)  # a changed time stamp does no harm
    assert found is None or found.texts == TEXTS


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4), st.integers(0))
def test_a_damaged_parquet_file_is_an_error_or_its_rows_add_up(tmp_path_factory, changes, cut):
    path = tmp_path_factory.mktemp("damage") / "a.parquet"
    content = bytearray(parquet())
    for at, value in changes:
        content[at % len(content)] = value
    path.write_bytes(content[: -(cut % 200) or None])
    found = read_or_error(path)
    assert found is None or len(found.rows) + len(found.rejects) == found.counts[0]


def test_a_parquet_column_name_that_is_no_unicode(tmp_path):
    pq.write_table(pa.table({"text": ["x"], "other": ["y"]}), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(content.replace(b"other", b"oth\xff\xff"))
    with pytest.raises(MashbillError, match=r"a\.parquet: not a Parquet file: 'utf-8' codec"):
        read_all(tmp_path / "a.parquet")
