"""Files and recipes that no one would write: no traceback, and every row is accounted for."""

import gzip
import io
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.base import Task
from mashbill.models.tasks.registry import single
from mashbill.models.tasks.spans import Spans
from mashbill.pipelines.recipe_file import load_recipe
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.readers import read
from mashbill.transforms.sources import plan
from tests.anything import anything

EXAMPLES = int(os.environ.get("MASHBILL_FUZZ", "60"))  # `make fuzz` makes it 2,000 of each
FUZZED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LABELS = ("bad", "good")

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(anything(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
names = st.sampled_from(["text", "label", "pair", "Text", "", "\ufefftext"])
records = st.dictionaries(names, values, max_size=4) | st.fixed_dictionaries(
    {"text": anything(max_size=30), "label": st.sampled_from([*LABELS, "0", 1, None, "so so"])}
)
odd = st.binary(max_size=20) | st.sampled_from(
    [b"", b"\r", b"\xff\xfe", b'"', b"{", b"[1]", b"null", b'{"text":', b"\x00", b"NaN", b'"\n"']
)


def lines(one: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    ends = st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\r"])
    return st.tuples(st.lists(one | odd, max_size=12), ends, st.booleans()).map(
        lambda found: found[1].join(found[0]) + (found[1] if found[2] else b"")
    )


def dumped(record: dict) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")


def row(delimiter: str) -> st.SearchStrategy[bytes]:
    cell = anything(max_size=12) | st.sampled_from(['"a', 'a""b', '"a\nb"', "good", "text"])
    return st.lists(cell, max_size=4).map(
        lambda cells: delimiter.join(cells).encode("utf-8", "surrogatepass")
    )


def with_header(body: st.SearchStrategy[bytes], delimiter: bytes) -> st.SearchStrategy[bytes]:
    headers = st.sampled_from(
        [delimiter.join((b"text", b"label")), b"text", b"", b"\xef\xbb\xbftext"]
    )
    return st.tuples(headers, body).map(b"\n".join)


@st.composite
def parquet(draw) -> bytes:
    columns = draw(
        st.fixed_dictionaries(
            {"text": st.lists(st.none() | anything(max_size=9), min_size=3, max_size=3)},
            optional={
                "label": st.lists(st.none() | st.integers(-3, 3), min_size=3, max_size=3)
                | st.lists(st.sampled_from(["good", "bad", "x"]), min_size=3, max_size=3)
                | st.lists(st.floats(), min_size=3, max_size=3)
            },
        )
    )
    columns["text"] = [
        t if t is None else t.encode("utf-8", "replace").decode() for t in columns["text"]
    ]
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


@st.composite
def damaged(draw, content: st.SearchStrategy[bytes]) -> bytes:
    """The content, often cut off or with some bytes changed."""
    found = bytearray(draw(content))
    for _ in range(draw(st.integers(0, 3))):
        if found:
            found[draw(st.integers(0, len(found) - 1))] = draw(st.integers(0, 255))
    return bytes(found[: draw(st.integers(0, len(found)))] if draw(st.booleans()) else found)


CONTENTS = {
    "jsonl": lines(records.map(dumped)),
    "txt": lines(anything(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass"))),
    "csv": with_header(lines(row(",")), b","),
    "tsv": with_header(lines(row("\t")), b"\t"),
    "parquet": parquet(),
    "json": st.tuples(st.lists(records, min_size=1), st.sampled_from([None, 2])).map(
        lambda found: json.dumps(found[0], indent=found[1]).encode()
    ),
}


def account(path: Path, ending: str, task: Task | None = None) -> None:
    """Reads the file as a user's corpus; what is read must be what comes out."""
    label, said = None if ending.startswith("txt") else "label", ""
    task = task or single(LABELS)
    try:
        for item in plan(CorpusSpec("fuzz", (str(path),), label=label), task=task):
            for part in read(item, task):
                assert part.rows == part.batch.num_rows + len(part.rejects) + part.blank
                assert all(part.batch.column("text").to_pylist())
                for row in part.batch.to_pylist():
                    check_label(row["text"], row["label"])
    except MashbillError as error:
        said = str(error)
    assert not said or str(path) in said or "fuzz" in said
    assert len(said) < 2000


def check_label(text: str, label: int | list[dict] | None) -> None:
    if not isinstance(label, list):
        assert label in (None, 0, 1)
        return
    places = [place for one in label for place in (one["start"], one["end"])]
    assert places == sorted(places)
    for one in label:
        assert text[one["start"] : one["end"]].strip()
        assert one["label"] in (0, 1)


tags = st.sampled_from(["O", "B-bad", "I-bad", "I-good", "S-good", "E-bad", "B-x", "B-", ""])
words = st.sampled_from(["a", "B", "é", "国", ".", "(", '"', "#", "-DOCSTART-", ""])
offsets = st.integers(-2, 9)
a_span = st.tuples(offsets, offsets, st.sampled_from([*LABELS, "x", 1, None])).map(list)
of_entities = st.one_of(
    st.fixed_dictionaries({"text": st.text("ab é国\u0301", max_size=9), "label": st.lists(a_span)}),
    st.fixed_dictionaries({"text": st.lists(words | values), "label": st.lists(tags | values)}),
    records,
)
ENTITIES = {
    "jsonl": lines(of_entities.map(dumped)),
    "conll": lines(st.tuples(words, tags).map(lambda line: " ".join(line).encode())),
}


@pytest.mark.parametrize("ending", ENTITIES)
@FUZZED
@given(data=st.data())
def test_whatever_a_file_says_of_entities_they_are_in_the_text(tmp_path, ending, data):
    path = tmp_path / f"corpus.{ending}"
    path.write_bytes(data.draw(damaged(ENTITIES[ending])))
    account(path, ending, Spans().over(LABELS))


@pytest.mark.parametrize("ending", CONTENTS)
@FUZZED
@given(data=st.data())
def test_whatever_a_file_holds_every_row_is_accounted_for(tmp_path, ending, data):
    path = tmp_path / f"corpus.{ending}"
    path.write_bytes(data.draw(damaged(CONTENTS[ending])))
    account(path, ending)


@pytest.mark.parametrize("ending", ["jsonl", "txt", "csv", "json"])
@FUZZED
@given(data=st.data())
def test_whatever_an_archive_holds_every_row_is_accounted_for(tmp_path, ending, data):
    path = tmp_path / f"corpus.{ending}.gz"
    path.write_bytes(data.draw(damaged(CONTENTS[ending].map(gzip.compress))))
    account(path, ending)


RECIPE = {
    "corpus": [{"name": "a", "path": "a.jsonl", "label": "label"}],
    "labels": list(LABELS),
    "augment": {"copies": 2, "methods": [{"use": "typo.keyboard", "rate": 0.1}]},
    "teacher": {"model": "teacher"},
    "output": {"path": "out", "shards": 2},
}


@st.composite
def recipes(draw) -> str:
    """The recipe with something in it exchanged, or cut off."""
    recipe = json.loads(json.dumps(RECIPE))
    section = draw(st.sampled_from([*RECIPE, "seed", "filter", "distill", "rounds", "what"]))
    if isinstance(recipe.get(section), dict) and draw(st.booleans()):
        recipe[section][draw(st.sampled_from([*recipe[section], "x"]))] = draw(values)
    else:
        recipe[section] = draw(values)
    text = yaml.safe_dump(recipe, allow_unicode=True)
    return text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text


@FUZZED
@given(text=recipes() | anything(max_size=60))
def test_whatever_a_recipe_says_the_error_names_the_file(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    said = "recipe.yaml"
    try:
        load_recipe(str(path))
    except MashbillError as error:
        said = str(error)
    assert "recipe.yaml" in said
