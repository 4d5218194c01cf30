"""What a teacher does not read: counted, and no reason to keep a variant."""

import numpy as np
import pytest

from mashbill.models.classifier import Classifier
from mashbill.models.tasks.registry import single
from mashbill.models.tokenizing import Window
from mashbill.models.windows import Windows
from mashbill.transforms.annotate import annotate_within
from mashbill.transforms.window import cut_sources, same_within
from tests.transforms.batches import sources, with_variants

TASK = single(["negative", "positive"])
LENGTH = 6  # a window of four words between the two special tokens
LONG = "good film bad plot dull music"


@pytest.fixture(scope="module")
def teacher(tiny_classifier):
    return Classifier.load(str(tiny_classifier), max_length=LENGTH)


@pytest.fixture(scope="module")
def batch():
    long = ["good film bad plot dull story", "good film bad plot", "good film bad music dull music"]
    short = ["dull movie", "good movie"]
    return with_variants(sources(LONG, "good movie"), {LONG: long, "good movie": short})


def test_variants_that_differ_beyond_the_window_only_are_dropped_with_a_count(teacher, batch):
    outcome = annotate_within(batch, teacher.logits, teacher.windows, TASK)
    assert outcome.batch["text"].to_pylist() == [
        LONG, "good movie", "good film bad music dull music", "dull movie", "good movie"
    ]  # fmt: skip
    assert outcome.counts == {
        "in": 7,
        "by_augmenter/none/in": 2,
        "by_augmenter/test.made/in": 5,
        "dropped/beyond_window": 2,
        "by_augmenter/test.made/dropped/beyond_window": 2,
        "truncated": 1,
        "rejected": 0,
        "out": 5,
    }
    logits = np.array(outcome.batch["teacher_logits"].to_pylist())
    np.testing.assert_allclose(logits, teacher.logits(outcome.batch["text"].to_pylist()), atol=1e-6)


def test_rows_at_which_the_teacher_fails_are_counted_beside_those_that_are_dropped(teacher, batch):
    def fails(texts, pairs=None):
        if "dull movie" in texts:
            raise ValueError("no")
        return teacher.logits(texts, pairs)

    counts = annotate_within(batch, fails, teacher.windows, TASK).counts
    assert counts["in"] == counts["out"] + counts["rejected"] + counts["dropped/beyond_window"]
    assert (counts["rejected"], counts["out"]) == (1, 4)


def test_a_variant_like_its_source_stays_where_nothing_is_cut(teacher):
    batch = with_variants(sources("good"), {"good": ["good"]})
    assert not same_within(batch, [Window([1], False, False)] * 2).any()
    assert same_within(batch, [Window([1], True, True)] * 2).tolist() == [False, True]


def test_a_variant_whose_source_is_not_in_the_batch_stays():
    batch = with_variants(sources("good"), {"good": ["good"]}).slice(1)
    assert not same_within(batch, [Window([1], True, True)]).any()


def test_what_a_teacher_reads_on_is_not_cut_but_no_student_is_trained_on_it(tiny_classifier, batch):
    reads_on = Classifier.load(
        str(tiny_classifier), max_length=LENGTH, windows=Windows(overlap=0, most=2)
    )
    counts = annotate_within(batch, reads_on.logits, reads_on.windows, TASK).counts
    assert (counts["truncated"], counts["dropped/beyond_window"]) == (0, 2)


def test_only_source_examples_are_counted_as_cut(batch):
    cut = Window([1], True, True)
    assert cut_sources(batch, [cut, None, cut, cut, cut, None, None]) == 1


def test_an_edit_in_the_second_text_of_a_pair_counts(teacher):
    seconds = ["dull music"]
    (a,) = teacher.windows(["good film bad"], seconds)
    (b,) = teacher.windows(["good film bad"], ["slow music"])
    assert a.ids != b.ids
