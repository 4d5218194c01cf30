"""CSV and TSV as they are written elsewhere."""

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.recipe import Corpus
from tests.transforms.corpora import read_all

ROWS = [("a fine film, number one", "positive"), ("a dull film, number two", "negative")] * 3
TEXTS = [text for text, _ in ROWS]


def table(path, delimiter, head):
    body = "".join(f"{text}{delimiter}{label}\n" for text, label in ROWS)
    path.write_text(head + body)
    return path


@pytest.mark.parametrize(("delimiter", "key"), [(";", "';'"), ("\t", r'"\\t"'), ("|", r"'\|'")])
def test_another_delimiter_is_named_and_read_by_its_key(tmp_path, delimiter, key):
    path = table(tmp_path / "a.csv", delimiter, f"text{delimiter}label\n")
    with pytest.raises(MashbillError, match=rf"no column 'text'.* It looks like .*: {key}$"):
        read_all(path, label="label")
    found = read_all(path, label="label", delimiter=delimiter)
    assert (found.texts, found.labels) == (TEXTS, [1, 0] * 3)


def test_a_sep_line_is_followed_and_is_no_header(tmp_path):
    path = table(tmp_path / "a.csv", ";", "\ufeffsep=;\ntext;label\n")
    found = read_all(path, label="label")
    assert (found.texts, found.labels) == (TEXTS, [1, 0] * 3)
    path.write_text(path.read_text() + "short\n")
    assert read_all(path, label="label").lines == [9]


def test_quotes_may_be_characters_like_any_other(tmp_path):
    (tmp_path / "a.tsv").write_text('text\tlabel\n"Fine\tpositive\nhe said "no\tnegative\n')
    ((line, reason),) = read_all(tmp_path / "a.tsv", label="label").rejects
    assert line == 2
    assert reason.endswith("quoting: none")
    found = read_all(tmp_path / "a.tsv", label="label", quoting="none")
    assert (found.texts, found.labels) == (['"Fine', 'he said "no'], [1, 0])


def test_a_file_without_a_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("positive,good\nnegative,bad\npositive,better\n")
    with pytest.raises(MashbillError, match="first line looks like data: header: false"):
        read_all(path, label="label")
    found = read_all(path, label="label", header=False, columns=("label", "text"))
    assert (found.texts, found.labels) == (["good", "bad", "better"], [1, 0, 1])
    with pytest.raises(MashbillError, match="first line has 2 fields, `columns` names 1"):
        read_all(path, header=False, columns=("text",))
    path.write_text("label,text\npositive,good\n")
    with pytest.raises(MashbillError, match="its first line is a header"):
        read_all(path, label="label", header=False, columns=("label", "text"))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"delimiter": ";;"}, "one character"),
        ({"encoding": "utf-9"}, "unknown encoding"),
        ({"encoding": "rot13"}, "unknown encoding"),
        ({"header": False}, "columns: required when header is false"),
        ({"columns": ("text",)}, "columns: required when header is false"),
        (
            {"header": False, "columns": ("text",), "label": "label"},
            "must contain 'label' exactly once",
        ),
    ],
)
def test_keys_that_do_not_fit_are_refused(keys, message):
    with pytest.raises(ValueError, match=message):
        Corpus(name="a", path="a.csv", **keys)


@pytest.mark.parametrize("keys", [{"delimiter": ";"}, {"quoting": "none"}])
def test_keys_of_tables_are_refused_for_other_files(tmp_path, keys):
    (tmp_path / "a.txt").write_text("x\n")
    with pytest.raises(MashbillError, match="is for CSV and TSV"):
        read_all(tmp_path / "a.txt", **keys)
