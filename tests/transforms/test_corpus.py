import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.corpus import load_examples
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.examples import EXAMPLES, source_id_of

LABELS = ("bad", "good")


def test_a_corpus_in_memory_is_what_the_pipeline_sees(tmp_path):
    lines = ['{"text": "a"}', '{"text": "b", "label": "good"}', "{broken", "", '{"text": "A"}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "more.txt").write_text("c\nB\n")
    specs = [
        CorpusSpec("reviews", str(tmp_path / "a.jsonl"), label="label"),
        CorpusSpec("more", str(tmp_path / "more.txt"), split="test"),
    ]
    table = load_examples(specs, LABELS, (1.0, 0.0, 0.0))
    assert table.schema.names == EXAMPLES.names
    rows = {row["text"]: (row["label"], row["corpus"], row["split"]) for row in table.to_pylist()}
    assert rows == {
        "A": (None, "reviews", "train"),
        "b": (1, "reviews", "test"),  # "B" is held out, so "b" must be
        "c": (None, "more", "test"),
    }
    assert table["id"].to_pylist() == sorted(map(source_id_of, rows))


def test_a_corpus_of_rejects_only_is_an_error(tmp_path):
    (tmp_path / "a.jsonl").write_text("{broken\n")
    with pytest.raises(MashbillError, match="corpus reviews: not one row could be used"):
        load_examples([CorpusSpec("reviews", str(tmp_path / "a.jsonl"))], LABELS, (1.0, 0.0, 0.0))
