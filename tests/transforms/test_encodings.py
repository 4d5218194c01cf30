"""Text in other encodings than UTF-8, and with other line ends."""

import gzip

import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms import encodings
from tests.transforms.corpora import read_all

TEXTS = [f"café number {i}" for i in range(24)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_decides(tmp_path, encoding, end):
    (tmp_path / "a.txt").write_bytes(end.join(TEXTS).encode(encoding))
    assert read_all(tmp_path / "a.txt").texts == TEXTS
    rows = end.join(["text,label", *(f"{text},positive" for text in TEXTS)])
    (tmp_path / "a.csv").write_bytes(rows.encode(encoding))
    found = read_all(tmp_path / "a.csv", label="label")
    assert (found.texts, found.labels) == (TEXTS, [1] * 24)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "这部电影很好看"),
        ("big5", "這部電影很好看"),
        ("latin-1", "größer"),
        ("utf-16-le", "größer"),
    ],
)
@pytest.mark.parametrize("ending", ["txt", "txt.gz"])
def test_the_recipe_names_an_encoding(tmp_path, encoding, text, ending):
    content = "\n".join([text] * 3).encode(encoding)
    path = tmp_path / f"a.{ending}"
    path.write_bytes(gzip.compress(content) if ending == "txt.gz" else content)
    assert read_all(path, 5, encoding=encoding).texts == [text] * 3


def test_characters_stay_whole_where_blocks_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(encodings, "BLOCK", 7)
    (tmp_path / "a.jsonl").write_bytes('{"text": "这部电影很好看"}\n'.encode("gb18030") * 5)
    assert read_all(tmp_path / "a.jsonl", encoding="gb18030").texts == ["这部电影很好看"] * 5


def test_bytes_that_an_encoding_lacks_cost_their_line(tmp_path):
    (tmp_path / "a.txt").write_bytes("很好\n".encode("gb18030") + b"\xff\xff\n" + b"plain\n")
    found = read_all(tmp_path / "a.txt", encoding="gb18030")
    assert found.texts == ["很好", "plain"]
    assert found.rejects == [(2, "invalid gb18030")]


@pytest.mark.parametrize(
    ("written", "named"),
    [("gb18030", "big5"), ("gb18030", "shift_jis"), ("utf-8", "gbk"), ("utf-8", "big5")],
)
def test_an_encoding_in_which_a_file_makes_no_sense_is_an_error(tmp_path, written, named):
    text = "酒店的服务很好，房间也很干净，下次还会再来。\n早餐一般，价格有点贵，不过位置很方便。\n"
    (tmp_path / "a.txt").write_bytes(text.encode(written))
    said = rf"a\.txt: .*it makes no sense in {named}, but in {written}"
    with pytest.raises(MashbillError, match=said):
        read_all(tmp_path / "a.txt", encoding=named)


def test_half_a_character_at_the_end_is_an_error(tmp_path):
    (tmp_path / "a.txt").write_bytes("one\ntwo".encode("utf-16")[:-1])
    with pytest.raises(MashbillError, match=r"a\.txt: .*it is not utf-16"):
        read_all(tmp_path / "a.txt")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_an_error_before_any_work(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes("\n".join(TEXTS).encode(encoding))
    with pytest.raises(MashbillError, match=rf"every second byte is NUL.*encoding: {encoding}"):
        read_all(tmp_path / "a.txt")
    assert read_all(tmp_path / "a.txt", encoding=encoding).texts == TEXTS


def test_a_file_that_is_never_utf_8_is_an_error_that_names_the_likely_encoding(tmp_path):
    (tmp_path / "a.csv").write_bytes("\n".join(["text", *TEXTS]).encode("latin-1"))
    with pytest.raises(MashbillError, match=r"a\.csv: it is not UTF-8; .*encoding: cp1252"):
        read_all(tmp_path / "a.csv")
    assert read_all(tmp_path / "a.csv", encoding="cp1252").texts == TEXTS


def test_some_lines_that_are_not_utf_8_are_rejects_with_the_likely_encoding(tmp_path):
    bad = "Очень хороший фильм, смотреть всем".encode("cp1251")
    (tmp_path / "a.txt").write_bytes("хорошо\n".encode() + bad + b"\n")
    ((line, reason),) = read_all(tmp_path / "a.txt").rejects
    assert line == 2
    assert reason.startswith("invalid UTF-8 at byte 1")
    assert reason.endswith("; it looks like cp1251: encoding: cp1251")


def test_lines_end_at_cr_where_a_file_has_no_lf(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\rtwo\r\rthree")
    assert read_all(tmp_path / "a.txt", 4).texts == ["one", "two", "three"]
    (tmp_path / "b.txt").write_bytes(b"one\rstill one\ntwo")
    assert read_all(tmp_path / "b.txt").texts == ["one\rstill one", "two"]
