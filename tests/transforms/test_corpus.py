import pytest

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.registry import single
from mashbill.transforms.corpus import beginning, load_examples, reasons
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.examples import EXAMPLES, source_id_of
from mashbill.transforms.ledger import Reject
from mashbill.transforms.sources import plan

LABELS = ("bad", "good")


def test_a_corpus_in_memory_is_what_the_pipeline_sees(tmp_path):
    lines = ['{"text": "a"}', '{"text": "b", "label": "good"}', "{broken", "", '{"text": "A"}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "more.txt").write_text("c\nB\n")
    specs = [
        CorpusSpec("reviews", str(tmp_path / "a.jsonl"), label="label"),
        CorpusSpec("more", str(tmp_path / "more.txt"), split="test"),
    ]
    loaded = load_examples(specs, single(LABELS), (1.0, 0.0, 0.0))
    table = loaded.table
    assert table.schema.names == EXAMPLES.names
    rows = {row["text"]: (row["label"], row["corpus"], row["split"]) for row in table.to_pylist()}
    assert rows == {
        "A": (None, "reviews", "train"),
        "b": (1, "reviews", "test"),  # "B" is held out, so "b" must be
        "c": (None, "more", "test"),
    }
    assert table["id"].to_pylist() == sorted(map(source_id_of, rows))
    (reject,) = loaded.rejects
    assert (reject.source["corpus"], reject.source["line"]) == ("reviews", 3)
    counts = loaded.counts
    assert counts["read/rows"] == 7 == 1 + counts["read/blank"] + counts["read/out"]
    assert counts["read/by_corpus/reviews/rejected"] == 1
    assert counts["deduplicate/dropped/duplicates"] == 2


def test_texts_with_two_labels_are_rejects(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        '{"text": "a", "label": "good"}\n{"text": "A", "label": "bad"}\n{"text": "b"}\n'
    )
    spec = CorpusSpec("reviews", str(tmp_path / "a.jsonl"), label="label")
    loaded = load_examples([spec], single(LABELS), (1.0, 0.0, 0.0))
    assert [reject.stage for reject in loaded.rejects] == ["deduplicate"] * 2
    assert loaded.counts["deduplicate/by_corpus/reviews/rejected"] == 2
    assert loaded.counts["deduplicate/in"] == loaded.counts["read/out"] == 3


def test_the_most_frequent_reasons_come_first_and_none_is_hidden():
    def reject(reason, line):
        return Reject("read", reason, {"corpus": "c", "line": line}, {})

    rejects = [reject(reason, line) for line, reason in enumerate("abbcddde", 1)]
    assert list(reasons(rejects)) == [
        "  3 x read: d (the first: corpus c, line 5)",
        "  2 x read: b (the first: corpus c, line 2)",
        "  1 x read: a (the first: corpus c, line 1)",
        "  2 x 2 other reasons",
    ]


def test_a_beginning_says_whether_it_is_all(tmp_path):
    (tmp_path / "a.txt").write_text("".join(f"text {i}\n" for i in range(3000)))
    items = plan(CorpusSpec("more", str(tmp_path / "a.txt")))
    for wanted, rows, whole in ((1, 1024, False), (1025, 2048, False), (3000, 3000, True)):
        parts, is_all = beginning(items, single(LABELS), wanted)
        assert (sum(part.rows for part in parts), is_all) == (rows, whole)


def test_a_corpus_of_rejects_only_is_an_error(tmp_path):
    (tmp_path / "a.jsonl").write_text("{broken\n")
    message = r"(?s)corpus reviews: no row could be used.*1 x read: .*a\.jsonl, line 1"
    with pytest.raises(MashbillError, match=message):
        load_examples(
            [CorpusSpec("reviews", str(tmp_path / "a.jsonl"))], single(LABELS), (1.0, 0.0, 0.0)
        )
