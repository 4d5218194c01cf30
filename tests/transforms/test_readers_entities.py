"""Texts with named entities, from every kind of file."""

import json

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.spans import Spans
from mashbill.transforms.corpus import load_examples
from mashbill.transforms.corpus_spec import CorpusSpec
from tests.transforms.corpora import read_all

TASK = Spans().over(["PER", "ORG", "LOC", "MISC"])


def entities(found):
    """The texts under the spans of each row, with their types."""
    return [
        None
        if row["label"] is None
        else [(row["text"][s["start"] : s["end"]], TASK.named[s["label"]]) for s in row["label"]]
        for row in found.rows
    ]


def read(path, **spec):
    return read_all(path, task=TASK, **{"label": "ner", **spec})


CONLL = """-DOCSTART- -X- O O

EU NNP I-NP I-ORG
rejects VBZ I-VP O
German JJ I-NP I-MISC
call NN I-NP O
. . O O

Peter NNP I-NP I-PER
Blackburn NNP I-NP I-PER
"""


def test_conll_2003_as_it_is(tmp_path):
    (tmp_path / "a.conll").write_text(CONLL)
    found = read(tmp_path / "a.conll")
    assert found.texts == ["EU rejects German call.", "Peter Blackburn"]
    assert entities(found) == [[("EU", "ORG"), ("German", "MISC")], [("Peter Blackburn", "PER")]]
    assert found.counts == [2, 0]


def test_other_columns_other_spacing_other_scheme(tmp_path):
    text = "# a comment\n1\tNew York\tS-LOC\tx\n2\t#\tO\tx\n\n1\tAnn\tS-PER\tx\r\n"
    (tmp_path / "a.tsv").write_text(text)
    columns = {"columns": ("n", "word", "tag", "more"), "text": "word", "label": "tag"}
    found = read(tmp_path / "a.tsv", format="conll", spacing="plain", **columns)
    assert found.texts == ["New York #", "Ann"]
    assert entities(found) == [[("New York", "LOC")], [("Ann", "PER")]]


def test_without_a_label_conll_is_text(tmp_path):
    (tmp_path / "a.conll").write_text(CONLL)
    assert entities(read(tmp_path / "a.conll", label=None)) == [None, None]


def test_what_is_wrong_with_conll_is_told_with_its_line(tmp_path):
    text = (
        "-DOCSTART- O\n\n-DOCSTART- O\n\nAnn B-PER\nin O\n\nBo B-PER\nin I-LOC\nRome I-LOC\n\n"
        "Cy B-PRE\n\nDi B-PER x\nsat O\n\nEd B-PER\n\n-DOCSTART- O\n"
    )
    (tmp_path / "a.conll").write_text(text)
    found = read(tmp_path / "a.conll")
    assert found.texts == ["Ann in", "Ed"]
    assert found.rejects == [
        (1, "a document without a sentence"),
        (9, "word 2: I-LOC after B-PER: in IOB2 an entity begins with B-"),
        (12, "word 1: label 'PRE' is not in labels (did you mean 'PER'?); allowed: "
             "PER, ORG, LOC, MISC"),
        (14, "3 fields, other lines have 2"),
        (19, "a document without a sentence"),
    ]  # fmt: skip
    assert found.counts == [7, 0]
    chosen = read(tmp_path / "a.conll", scheme="iob1")
    assert (
        5,
        "word 1: B-PER after O: in IOB1 only one after another of its type begins with B-",
    ) in chosen.rejects


def test_bytes_that_are_no_text_and_a_sentence_without_end(tmp_path):
    (tmp_path / "a.conll").write_bytes(b"Ann B-PER\n\nB\xffo O\nsat O\n\nso O\n" + b"long O\n" * 50)
    found = read(tmp_path / "a.conll", max_characters=20)
    assert found.texts == ["Ann"]
    assert found.lines == [3, 6]
    assert found.rejects[0][1].startswith("invalid UTF-8 at byte 2: invalid start byte")
    assert found.rejects[1][1] == "the field 'text' is longer than max_characters, 20"


def test_conll_is_for_entities(tmp_path):
    (tmp_path / "a.conll").write_text(CONLL)
    with pytest.raises(MashbillError, match=r"a CoNLL file has tags of words: task: {kind: spans}"):
        read_all(tmp_path / "a.conll")


ROWS = [
    {"text": "Ann is in Rome", "ner": [{"start": 10, "end": 14, "label": "LOC"}, [0, 3, "PER"]]},
    {"text": "nobody", "ner": []},
    {"text": "who knows"},
    {"text": "Zoë in Köln", "ner": [[8, 13, "LOC"]]},
]


def test_json_lines_with_spans(tmp_path):
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS))
    found = read(tmp_path / "a.jsonl")
    assert entities(found) == [[("Ann", "PER"), ("Rome", "LOC")], [], None]
    ((line, reason),) = found.rejects
    assert line == 4
    assert reason.endswith("in bytes it would be 'Köln': offsets count characters")


WORDS = {
    "tokens": [["Ann", "is", "here", "."], ["(", "Rome", ")"]],
    "ner": [[1, 0, 0, 0], [0, 5, 0]],
}
TAGS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]


def test_tokens_and_tags_in_json_parquet_and_data_sets(tmp_path):
    features = datasets.Features(
        {
            "tokens": datasets.List(datasets.Value("string")),
            "ner": datasets.List(datasets.ClassLabel(names=TAGS)),
        }
    )
    made = datasets.Dataset.from_dict(WORDS, features=features)
    made.to_parquet(tmp_path / "a.parquet")
    rows = [dict(zip(WORDS, row, strict=True)) for row in zip(*WORDS.values(), strict=True)]
    (tmp_path / "b.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (tmp_path / "hub").mkdir()
    made.to_parquet(tmp_path / "hub" / "train.parquet")
    for path in (tmp_path / "a.parquet", tmp_path / "b.jsonl", f"hf://{tmp_path / 'hub'}"):
        found = read(path, text="tokens")
        assert found.texts == ["Ann is here.", "(Rome)"]
        assert entities(found) == [[("Ann", "PER")], [("Rome", "LOC")]]


def test_tokens_and_tags_that_do_not_fit_each_other(tmp_path):
    rows = [
        {"tokens": ["a", "b"], "ner": ["O"]},
        {"tokens": [], "ner": []},
        {"tokens": ["a", ""], "ner": ["O", "O"]},
        {"tokens": ["a", "b"], "ner": ["O", "I-PER"]},
        {"tokens": ["a", "b"], "ner": ["O", "S-PER"]},
        {"tokens": ["a"], "ner": None},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = read(tmp_path / "a.jsonl", text="tokens")
    assert found.rejects == [
        (1, "2 words, but 1 tags"),
        (2, "the field 'tokens': there are no words"),
        (3, "the field 'tokens': word 2 is empty"),
        (4, "word 2: I-PER after O: in IOB2 an entity begins with B-"),
    ]
    assert entities(found) == [[("b", "PER")], None]


def test_spans_in_parquet_with_the_names_of_their_types(tmp_path):
    kind = datasets.ClassLabel(names=["LOC", "PER"])
    span = {"start": datasets.Value("int32"), "end": datasets.Value("int32"), "label": kind}
    features = datasets.Features({"text": datasets.Value("string"), "ner": datasets.List(span)})
    row = {"text": "Ann", "ner": [{"start": 0, "end": 3, "label": 1}]}
    datasets.Dataset.from_list([row], features=features).to_parquet(tmp_path / "a.parquet")
    assert entities(read(tmp_path / "a.parquet")) == [[("Ann", "PER")]]


def test_a_type_or_tag_of_the_metadata_that_nobody_knows_is_an_error_before_any_work(tmp_path):
    for names in (["O", "B-PER", "B-CITY"], ["PER", "CITY"]):
        features = datasets.Features({"ner": datasets.List(datasets.ClassLabel(names=names))})
        table = pa.table({"tokens": [["a"]], "ner": [[0]]})
        schema = table.schema.with_metadata(features.arrow_schema.metadata)
        pq.write_table(table.cast(schema), tmp_path / "a.parquet")
        with pytest.raises(MashbillError, match="CITY"):
            read(tmp_path / "a.parquet", text="tokens")


def test_lists_are_texts_of_no_other_task(tmp_path):
    pq.write_table(pa.table({"text": [["a"]]}), tmp_path / "a.parquet")
    with pytest.raises(MashbillError, match=r"column 'text' is list<.*>, not text"):
        read_all(tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text('{"text": ["a"]}')
    assert read_all(tmp_path / "a.jsonl").rejects == [(1, "the field 'text' is list, not text")]


def test_the_same_text_with_other_spaces_is_a_duplicate_and_other_entities_are_a_conflict(tmp_path):
    rows = [
        {"text": "Ann is in  Rome", "ner": [[0, 3, "PER"], [11, 15, "LOC"]]},
        {"text": "ann is in Rome", "ner": [[0, 3, "PER"], [10, 14, "LOC"]]},
        {"text": "Bob is in Rome", "ner": [[0, 3, "PER"]]},
        {"text": "Bob is in Rome", "ner": [[10, 14, "LOC"]]},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    spec = CorpusSpec("a", str(tmp_path / "a.jsonl"), label="ner")
    loaded = load_examples([spec], TASK, (1.0, 0.0, 0.0))
    assert loaded.table["text"].to_pylist() == ["Ann is in  Rome"]
    assert [reject.example["text"] for reject in loaded.rejects] == ["Bob is in Rome"] * 2
