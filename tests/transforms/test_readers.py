import bz2
import contextlib
import gzip
import io
import json

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.registry import single
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.readers import read
from mashbill.transforms.sources import plan
from tests.transforms.corpora import LABELS, read_all

IN_ONE_FOLDER = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_text_lines_are_rows_whatever_ends_them(file):
    path = file("a.txt", b"\xef\xbb\xbfone\r\ntwo\n\n   \nthree\xe2\x80\xa8still three\nlast")
    rows, rejects, counts = read_all(path)
    assert [row["text"] for row in rows] == ["one", "two", "three\u2028still three", "last"]
    assert (rejects, counts) == ([], [6, 2])
    assert rows[0] == {
        "text": "one",
        "text_pair": None,
        "label": None,
        "corpus": "reviews",
        "split": None,
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "not JSON"),
        ("[1, 2]", "a JSON list, not an object"),
        ('{"label": "positive"}', "the field 'text' is missing"),
        ('{"text": 3}', "the field 'text' is int, not text"),
        ('{"text": null}', "the field 'text' is null, not text"),
        ('{"text": ""}', "the field 'text' is empty"),
        ('{"text": "\\ud800"}', "not JSON"),
        (b'{"text": "caf\xe9"}', "invalid UTF-8 at byte 14"),
        ('{"text": "x", "label": "positiv"}', "did you mean 'positive'?"),
        ('{"text": "x", "label": "5"}', "label '5' is not in labels"),
        ('{"text": "x", "label": 2}', "label '2' is not in labels"),
        ('{"text": "x", "label": -1}', "label '-1' is not in labels"),
        ('{"text": "x", "label": []}', "the label is list"),
        ('{"text": "x", "label": 0.5}', "label '0.5' is not in labels"),
        ('{"text": "a\\u0000b"}', "holds NUL characters"),
    ],
)
def test_a_bad_json_line_is_a_reject_that_names_its_line(file, line, reason):
    line = line if isinstance(line, bytes) else line.encode()
    path = file("a.jsonl", b'{"text": "good", "label": null}\n' + line + b'\n{"text": "so"}\n')
    rows, ((number, found),), counts = read_all(path, label="label")
    assert [row["text"] for row in rows] == ["good", "so"]
    assert number == 2
    assert reason in found
    assert counts == [3, 0]


@pytest.mark.parametrize(
    ("label", "index"),
    [('"positive"', 1), ("0", 0), ('"1"', 1), ("1.0", 1), ("null", None), ('""', None)],
)
def test_labels_are_names_or_numbers_or_absent(file, label, index):
    path = file("a.jsonl", f'{{"text": "x", "label": {label}}}')
    assert read_all(path, label="label")[0][0]["label"] == index


def test_pairs_and_a_fixed_split(file):
    path = file("a.jsonl", '{"q": "why?", "a": "so"}')
    (row,), _, _ = read_all(path, text="q", text_pair="a", split="test")
    assert (row["text"], row["text_pair"], row["split"]) == ("why?", "so", "test")


def test_csv_quotes_line_ends_and_commas(file):
    path = file("a.csv", 'text,label\n"two\nlines, and ""quotes""",positive\nplain,\n\n')
    rows, rejects, counts = read_all(path, label="label")
    assert [row["text"] for row in rows] == ['two\nlines, and "quotes"', "plain"]
    assert [row["label"] for row in rows] == [1, None]
    assert (rejects, counts) == ([], [3, 1])


def test_a_quote_that_is_never_closed_costs_its_line_only(file):
    path = file("a.csv", 'text,label\na,positive\n"open,negative\nb,positive\nc,negative\n')
    rows, ((line, reason),), counts = read_all(path, label="label")
    assert [row["text"] for row in rows] == ["a", "b", "c"]
    assert line == 3
    assert "unexpected end of data" in reason
    assert counts == [4, 0]


def test_csv_rows_with_too_few_or_many_fields(file):
    path = file("a.tsv", b"text\tlabel\nshort\nx\tpositive\textra\n\xff\tpositive\nok\tnegative\n")
    rows, rejects, _ = read_all(path, label="label")
    assert [row["text"] for row in rows] == ["ok"]
    assert [line for line, _ in rejects] == [2, 3, 4]
    assert rejects[0][1] == "1 fields, the header has 2"
    assert rejects[2][1].startswith("invalid UTF-8")


@pytest.mark.parametrize(
    ("extension", "compress"),
    [
        ("gz", gzip.compress),
        ("bz2", bz2.compress),
        ("zst", lambda data: zstandard.ZstdCompressor().compress(data)),
    ],
)
def test_compressed_files(file, extension, compress):
    assert read_all(file(f"a.txt.{extension}", compress(b"one\ntwo\n"))).texts == ["one", "two"]
    twice = compress(b"one\n") + compress(b"two\n")
    assert read_all(file(f"b.txt.{extension}", twice)).texts == ["one", "two"]
    whole = compress("\n".join(map(str, range(50_000))).encode())
    path = file(f"c.txt.{extension}", whole[: len(whole) // 2])
    with pytest.raises(MashbillError, match=rf"c\.txt\.{extension}: cannot be read to the end"):
        read_all(path)


def test_a_text_of_a_megabyte_and_strange_scripts_stay_whole(file):
    strange = ["x" * 1_000_000, "👩‍👩‍👧 ok", "a\x01b", "שלום", "这部电影"]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in strange)
    assert read_all(file("a.jsonl", lines)).texts == strange


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("excess", [-1, 0, 1, 2, 3, 4, 5000])
def test_a_line_beyond_all_bounds_is_a_reject(file, monkeypatch, excess, end):
    monkeypatch.setattr("mashbill.transforms.streams.LONGEST_LINE", 100)
    text = "x" * (100 + excess)
    path = file("a.txt", b"short\n" + text.encode() + end + (b"also short" if end else b""))
    found = read_all(path)
    assert found.texts == ["short", *([text] if excess <= 0 else []), *(["also short"] * bool(end))]
    reason = "a line of more than 100 bytes: beyond max_characters, 1,000,000"
    assert found.rejects == ([(2, reason)] if excess > 0 else [])


def test_labels_that_are_numbers_are_names_and_never_indices(file):
    path = file("a.jsonl", "".join(f'{{"text": "x", "label": {v}}}\n' for v in (1, '"1"', 3, 0)))
    found = read_all(path, labels=("1", "2", "3"), label="label")
    assert found.labels == [0, 0, 2]
    assert found.rejects == [(4, "label '0' is not in labels; allowed: 1, 2, 3")]


def test_parts_are_cut_by_rows_and_by_bytes(file):
    def sizes(path):
        return [
            part.rows for part in read(plan(CorpusSpec("reviews", str(path)))[0], single(LABELS))
        ]

    assert sizes(file("many.txt", "a\n" * 3000)) == [1024, 1024, 952]
    assert sizes(file("long.txt", ("好" * 200_000 + "\n") * 5)) == [2, 2, 1]


def test_a_line_over_many_ranges_is_not_read_in_each(file, monkeypatch):
    read_bytes = []

    class Counted(io.BytesIO):
        def readline(self, limit):
            line = super().readline(limit)
            read_bytes.append(len(line))
            return line

    path = file("a.txt", b"x" * 100_000)
    items = plan(CorpusSpec("reviews", str(path)), range_bytes=1000)
    monkeypatch.setattr("mashbill.transforms.readers.lines.BLOCK", 100)
    monkeypatch.setattr(
        "mashbill.transforms.streams.open_plain", lambda path: Counted(b"x" * 100_000)
    )
    assert sum(part.rows for item in items for part in read(item, single(LABELS))) == 1
    assert sum(read_bytes) < 2.5 * 100_000


def test_extensions_in_capitals(file):
    assert read_all(file("A.TXT.GZ", gzip.compress(b"one\n"))).texts == ["one"]
    assert read_all(file("A.CSV", "text\none\n")).texts == ["one"]


LINES = st.lists(
    st.sampled_from([b"", b"a", b"bb\r", b"{bad", b'{"text": "x"}', b"\xff", b" " * 9])
)


@IN_ONE_FOLDER
@given(LINES, st.booleans(), st.integers(1, 12), st.sampled_from(["txt", "jsonl"]))
def test_any_cut_into_ranges_reads_the_same(tmp_path, lines, last_end, range_bytes, kind):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(b"\n".join(lines) + (b"\n" if last_end else b"") + b"\nend")
    assert read_all(path, range_bytes) == read_all(path)


@IN_ONE_FOLDER
@given(st.binary(max_size=200), st.sampled_from(["txt", "jsonl", "csv", "tsv"]))
def test_arbitrary_bytes_never_crash_and_every_row_is_accounted_for(tmp_path, content, kind):
    path = tmp_path / f"a.{kind}"
    path.write_bytes((b"text,label\nx,y\n" if kind in ("csv", "tsv") else b"x\n") + content)
    name = "text" if kind != "tsv" else "text,label"
    rows, rejects, (read_rows, blank) = read_all(path, text=name)
    assert len(rows) + len(rejects) + blank == read_rows


def test_a_text_beyond_max_characters_is_a_reject(tmp_path):
    path = tmp_path / "rows.txt"
    path.write_text("12345\n123456\n")
    found = read_all(path, max_characters=5)
    assert found.texts == ["12345"]
    assert found.rejects == [(2, "the field 'text' is longer than max_characters, 5")]


@pytest.mark.parametrize(
    ("kind", "row"),
    [("txt", "{}"), ("jsonl", '{{"text": "{}"}}'), ("csv", '"{}"'), ("tsv", "{}")],
)
def test_what_is_longer_than_its_texts_may_be_is_never_in_memory(file, monkeypatch, kind, row):
    monkeypatch.setattr("mashbill.transforms.streams.BYTES_BESIDE", 100)
    monkeypatch.setattr("mashbill.transforms.streams.BLOCK", 4096)
    longest = 0
    readline = io.BufferedReader.readline

    class Watched(io.BufferedReader):
        def readline(self, size=-1):
            nonlocal longest
            found = readline(self, size)
            longest = max(longest, len(found))
            return found

    monkeypatch.setattr(
        "mashbill.transforms.encodings.open_stream",
        lambda path, _: contextlib.closing(Watched(io.FileIO(path))),
    )
    header = ["text"] if kind in ("csv", "tsv") else []
    rows = [row.format(text) for text in ("short", "x" * 1_000_000, "é" * 100, "end")]
    found = read_all(file(f"a.{kind}", "\n".join([*header, *rows]) + "\n"), max_characters=100)
    assert found.texts == ["short", "é" * 100, "end"]
    bound = 1300 if kind == "jsonl" else 500
    reason = f"a line of more than {bound:,} bytes: beyond max_characters, 100"
    assert found.rejects == [(2 + len(header), reason)]
    assert longest <= 4096


def test_a_long_line_within_quotes_costs_its_record_and_no_other(file, monkeypatch):
    monkeypatch.setattr("mashbill.transforms.streams.BYTES_BESIDE", 0)
    content = f'text,label\n"one\n{"x" * 500}",positive\ntwo,positive\n'
    found = read_all(file("a.csv", content), label="label", max_characters=100)
    assert found.texts == ["two"]
    assert [line for line, _ in found.rejects] == [2, 3]
