import numpy as np
import pyarrow as pa
import pytest

from mashbill.models.tasks.registry import single
from mashbill.transforms.annotate import TeacherFilter, annotate
from mashbill.transforms.filters.confidence import MinConfidence
from mashbill.transforms.filters.teacher_agrees import TeacherAgrees
from tests.transforms.batches import sources, with_variants

TASK = single(["bad", "good"])


def length_logits(texts, pairs=None):
    """A teacher whose scores are the text's length and its negative."""
    return np.array([[len(t), -len(t)] for t in texts], dtype=np.float32)


def test_every_row_gets_raw_logits():
    outcome = annotate(sources("a", "bb"), length_logits, TASK)
    assert outcome.batch.column("teacher_logits").to_pylist() == [[1.0, -1.0], [2.0, -2.0]]
    assert outcome.batch.schema.field("teacher_logits").type == pa.list_(pa.float32(), 2)
    assert outcome.counts == {"in": 2, "rejected": 0, "out": 2}


@pytest.mark.parametrize("bad_at", [0, 3, 6])
def test_only_the_row_at_fault_becomes_a_reject(bad_at):
    texts = [f"text {i}" for i in range(7)]

    def logits(batch, pairs=None):
        if texts[bad_at] in batch:
            raise ValueError("cannot read this one")
        return length_logits(batch)

    outcome = annotate(sources(*texts), logits, TASK)
    assert outcome.batch.column("text").to_pylist() == texts[:bad_at] + texts[bad_at + 1 :]
    (reject,) = outcome.rejects
    assert reject.example["text"] == texts[bad_at]
    assert reject.reason == "the teacher failed: ValueError: cannot read this one"
    assert outcome.counts == {"in": 7, "rejected": 1, "out": 6}


def test_a_batch_of_bad_rows_only_leaves_nothing():
    def logits(texts, pairs=None):
        raise ValueError("no")

    outcome = annotate(sources("a", "b"), logits, TASK)
    assert outcome.batch.num_rows == 0
    assert [reject.example["text"] for reject in outcome.rejects] == ["a", "b"]


def labelled(batch, logits):
    column = pa.array(logits, pa.list_(pa.float32(), 2))
    return batch.append_column("teacher_logits", column)


def test_verdict_is_the_softmax_at_temperature_one():
    rows = labelled(sources("a", "b"), [[0.0, np.log(3)], [2.0, 2.0]])
    logits = TASK.scores(rows.column("teacher_logits"))
    label, confidence = TASK.predict(logits), TASK.confidence(logits)
    assert label.tolist() == [1, 0]
    np.testing.assert_allclose(confidence, [0.75, 0.5], rtol=1e-6)


def filtered(batch, logits, teacher_agrees=False, min_confidence=None, weight="uniform"):
    stage = TeacherFilter(TASK, weight)
    stage.filters = (TeacherAgrees().bound("en", TASK),) if teacher_agrees else ()
    if min_confidence is not None:
        stage.filters += (MinConfidence(minimum=min_confidence),)
    return stage.outcome(labelled(batch, logits))


def of_stage(counts):
    return {name: rows for name, rows in counts.items() if not name.startswith("by_augmenter/")}


def test_variants_the_teacher_gives_another_label_than_gold_are_dropped():
    batch = with_variants(sources("good", labels=[1]), {"good": ["gooood", "bad"]})
    outcome = filtered(batch, [[0, 9], [0, 9], [9, 0]], teacher_agrees=True)
    assert outcome.batch.column("text").to_pylist() == ["good", "gooood"]
    assert of_stage(outcome.counts) == {"in": 3, "dropped/teacher_agrees": 1, "out": 2}


def test_without_a_gold_label_the_teachers_word_on_the_source_counts():
    batch = with_variants(sources("good"), {"good": ["gooood", "bad"]})
    outcome = filtered(batch, [[9, 0], [0, 9], [9, 0]], teacher_agrees=True)
    assert outcome.batch.column("text").to_pylist() == ["good", "bad"]


def test_sources_stay_whatever_the_teacher_says():
    batch = sources("good", "fine", labels=[1, 1])
    outcome = filtered(batch, [[9, 0], [0, 0]], teacher_agrees=True, min_confidence=0.9)
    assert outcome.batch.num_rows == 2


def test_confidence_below_the_minimum_is_counted_once():
    batch = with_variants(sources("good", labels=[1]), {"good": ["x", "y"]})
    outcome = filtered(batch, [[0, 9], [0.1, 0], [0, 0.1]], teacher_agrees=True, min_confidence=0.9)
    assert of_stage(outcome.counts) == {
        "in": 3,
        "dropped/teacher_agrees": 1,
        "dropped/min_confidence": 1,
        "out": 1,
    }


def test_weight_can_follow_the_teachers_confidence():
    outcome = filtered(sources("a"), [[0.0, np.log(3)]], weight="confidence")
    assert outcome.batch.column("weight").to_pylist() == [0.75]
    assert filtered(sources("a"), [[0.0, 1.0]]).batch.column("weight").to_pylist() == [1.0]


@pytest.mark.parametrize("agrees", [True, False])
def test_labels_kept_are_counted_before_the_filter_drops_a_variant(agrees):
    """The gold label does not count: of "fine" the teacher says what it says of its variant."""
    batch = with_variants(
        sources("good", "fine", labels=[1, 1]), {"good": ["gooood", "bad", "dull"], "fine": ["fin"]}
    )
    logits = [[0, 9], [9, 0], [0, 9], [9, 0], [9, 0], [9, 0]]
    outcome = filtered(batch, logits, teacher_agrees=agrees)
    start = "by_augmenter/test.made"
    assert (outcome.counts[f"{start}/judged"], outcome.counts[f"{start}/label_kept"]) == (4, 2)
    assert outcome.counts.get(f"{start}/dropped/teacher_agrees", 0) == (3 if agrees else 0)


def test_a_variant_without_its_source_is_not_judged():
    batch = with_variants(sources("good"), {"good": ["bad"]}).slice(1)
    assert "by_augmenter/test.made/judged" not in filtered(batch, [[0, 9]]).counts
