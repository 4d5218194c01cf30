"""JSON that is no JSON lines."""

import gzip
import json

import pytest

from mashbill.models.errors import MashbillError
from tests.transforms.corpora import read_all

RECORDS = [{"text": "good", "label": "positive"}, {"text": "bad é", "label": 0}, {"text": "?"}]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_array_is_read_as_its_objects(tmp_path, indent, encoding):
    content = json.dumps(RECORDS, indent=indent, ensure_ascii=False).encode(encoding)
    (tmp_path / "a.json").write_bytes(content)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(content))
    for path in tmp_path.iterdir():
        found = read_all(path, 10, label="label")
        assert (found.texts, found.labels) == (["good", "bad é", "?"], [1, 0, None])
        assert found.counts == [3, 0]


def test_objects_over_several_lines_are_read(tmp_path):
    content = "\n".join(json.dumps(record, indent=2) for record in RECORDS)
    (tmp_path / "a.jsonl").write_text(content)
    assert read_all(tmp_path / "a.jsonl", label="label").texts == ["good", "bad é", "?"]


def test_what_cannot_be_used_in_an_array_is_a_reject_with_its_number(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([RECORDS[0], {"text": 3}, "x", {"text": 0.5}]))
    assert read_all(tmp_path / "a.json").rejects == [
        (2, "the field 'text' is int, not text"),
        (3, "a JSON str, not an object"),
        (4, "the field 'text' is float, not text"),
    ]


def test_an_array_that_breaks_is_an_error(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(RECORDS)[:-5])
    with pytest.raises(MashbillError, match=r"a\.json: cannot be read to the end: "):
        read_all(tmp_path / "a.json")


def test_a_label_that_no_object_of_an_array_has(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(RECORDS))
    with pytest.raises(MashbillError, match="did you mean 'label'"):
        read_all(tmp_path / "a.json", label="labels")
    with pytest.raises(MashbillError, match="no row has the field 'rating'"):
        read_all(tmp_path / "a.json", label="rating")
