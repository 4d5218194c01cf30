import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.registry import single
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.readers import delimited, read
from mashbill.transforms.readers.part import is_blank
from mashbill.transforms.sources import plan
from tests.transforms.corpora import read_all

FIELDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1)


@given(st.lists(st.tuples(FIELDS, FIELDS), max_size=20), st.sampled_from([",", "\t"]))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, rows, delimiter):
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=delimiter).writerows([("text", "other"), ("x", "y"), *rows])
    path = tmp_path_factory.mktemp("csv") / ("a.csv" if delimiter == "," else "a.tsv")
    path.write_bytes(sink.getvalue().encode())
    found = read_all(path)
    assert found.texts == ["x"] + [text for text, _ in rows if not is_blank(text)]
    assert len(found.rejects) == sum(is_blank(text) for text, _ in rows)


SNIPPETS = [b'"', b'""', b",", b"\n", b"\r\n", b"a", b"text", b"\xff", b"\0", b"\r", b" ", b'a"b']


@given(st.lists(st.sampled_from(SNIPPETS) | st.binary(max_size=3), max_size=30).map(b"".join))
def test_each_line_is_rejected_at_most_once(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(b"text,other\nx,y\n" + content)
    lines = read_all(path).lines
    assert len(set(lines)) == len(lines)
    assert all(2 <= line <= 3 + content.count(b"\n") for line in lines)


def test_byte_order_mark_and_windows_line_ends(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbftext,label\r\n"two\r\nlines",positive\r\n\r\nlast,0')
    found = read_all(path, label="label")
    assert (found.texts, found.labels) == (["two\r\nlines", "last"], [1, 0])
    assert found.counts == [3, 1]


@pytest.mark.parametrize("rest", ["", '"quoted",1\n', 'a,"b"\n'])
def test_an_open_quote_costs_one_line_and_not_the_rest(tmp_path, rest):
    good = "".join(f"good {i},1\n" for i in range(50))
    (tmp_path / "a.csv").write_text(f'text,label\n{good}"open,1\n{good}{rest}')
    found = read_all(tmp_path / "a.csv")
    assert len(found.rows) == 100 + bool(rest)
    assert found.lines == [52]


def test_an_open_quote_is_not_followed_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "LINES_AHEAD", 10)
    (tmp_path / "a.csv").write_text('text\n"open\n' + "good\n" * 40)
    found = read_all(tmp_path / "a.csv")
    assert len(found.rows) == 40
    ((line, reason),) = found.rejects
    assert line == 2
    assert reason == "a quote is not closed; if quotes are ordinary characters: quoting: none"


def test_a_bad_record_of_several_lines_is_one_reject(tmp_path):
    (tmp_path / "a.csv").write_text('text,label\n"one\ntwo,1\nthree",huge\nfine,1\n')
    found = read_all(tmp_path / "a.csv", label="label")
    assert (found.texts, found.lines) == (["fine"], [2])


@pytest.mark.parametrize("line", ['x","\n', '"""\n', ',"\n', '"open\n', '"\n'])
@pytest.mark.parametrize("end", ["", "x\n", '"\n'])
def test_no_line_is_looked_at_more_than_twice(tmp_path, monkeypatch, line, end):
    looks = []
    look = delimited._Lines.__next__
    monkeypatch.setattr(delimited._Lines, "__next__", lambda self: looks.append(1) or look(self))
    (tmp_path / "a.csv").write_text("text,label,more\n" + line * 300 + end)
    found = read_all(tmp_path / "a.csv")
    # Beside the line itself, a look may find the end of the file or the end of what is known.
    assert len(looks) <= 4 * 300
    assert len(found.rejects) + len(found.rows) == found.counts[0]


def test_a_file_of_open_quotes_keeps_its_good_rows(tmp_path):
    bad, good = 'x","\n', "good,1\n"
    (tmp_path / "a.csv").write_text("text,label\n" + (bad + good) * 200)
    found = read_all(tmp_path / "a.csv")
    assert found.texts == ["good"] * 200
    assert found.lines == list(range(2, 402, 2))


def test_a_header_that_changed_after_planning_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\nx,1\n")
    (item,) = plan(CorpusSpec("reviews", str(path), label="label"))
    path.write_text("text,lable\nx,1\n")
    with pytest.raises(MashbillError, match="no column 'label'"):
        list(read(item, single(("a", "b"))))
