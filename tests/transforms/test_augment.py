"""The stage that makes variants, with augmenters made for the test."""

from collections import Counter

import numpy as np
import pytest

from mashbill.transforms.augment import ATTEMPTS, Job, Maker, assign
from mashbill.transforms.augmenters.base import Augmenter, Edit
from mashbill.transforms.examples import content_hash, source_id_of
from tests.transforms.batches import sources


class Marked(Augmenter):
    """Puts the seed's last digit behind the text."""

    name = "test.marked"

    def augment_batch(self, texts, seeds, labels=None):
        return [[Edit(len(t), len(t), f" {s % 10}")] for t, s in zip(texts, seeds, strict=True)]


class Fixed(Augmenter):
    """Always puts the same word behind the text; has nothing to do with an empty one."""

    name = "test.fixed"
    calls: list = []  # noqa: RUF012  (pydantic copies defaults)

    def augment_batch(self, texts, seeds, labels=None):
        self.calls.append(len(texts))
        return [[Edit(len(t), len(t), " indeed")] if t.strip() else [] for t in texts]


class Fragile(Augmenter):
    """Cannot do texts with an x."""

    name = "test.fragile"

    def augment_batch(self, texts, seeds, labels=None):
        if any("x" in text for text in texts):
            raise ValueError("an x")
        return [[Edit(0, 0, "so ")] for _ in texts]


def make(augmenter, batch, copies, held_out=()):
    jobs = [Job(row, copy, 0) for row in range(batch.num_rows) for copy in range(1, copies + 1)]
    hashes = np.array(sorted(content_hash(source_id_of(t)) for t in held_out), np.uint64)
    return Maker({0: augmenter}, ("text",), hashes, seed=7).make(batch, jobs)


def made_texts(outcome):
    return [row["text"] for row in outcome.batch.to_pylist() if row["copy"]]


def test_variants_follow_their_sources_and_differ_from_one_another():
    outcome = make(Marked(), sources("a", "b"), copies=2)
    assert outcome.batch.column("copy").to_pylist() == [0, 0, 1, 2, 1, 2]
    texts = made_texts(outcome)
    assert len(set(texts)) == 4
    assert outcome.counts["variants"] == outcome.counts["requested"] == 4


def test_a_variant_does_not_depend_on_the_rows_beside_it():
    alone = make(Marked(), sources("b"), copies=2)
    together = make(Marked(), sources("a", "b", "c"), copies=2)
    assert set(made_texts(alone)) == {t for t in made_texts(together) if t.startswith("b")}


def test_an_augmenter_that_repeats_itself_is_asked_three_times_and_no_more():
    augmenter = Fixed()
    outcome = make(augmenter, sources("a", "  "), copies=2)
    assert made_texts(outcome) == ["a indeed"]
    assert outcome.counts["exhausted"] == 3
    assert outcome.counts["by_augmenter/test.fixed/exhausted"] == 3
    assert len(augmenter.calls) == ATTEMPTS


def test_a_variant_that_equals_a_held_out_text_is_dropped():
    outcome = make(Fixed(), sources("a", "b"), copies=1, held_out=["A  INDEED"])
    assert made_texts(outcome) == ["b indeed"]
    assert outcome.counts["held_out"] == 1


def test_the_row_an_augmenter_fails_on_is_the_only_reject():
    outcome = make(Fragile(), sources("a", "x", "b"), copies=1)
    assert made_texts(outcome) == ["so a", "so b"]
    (reject,) = outcome.rejects
    assert reject.reason == "test.fragile failed: ValueError: an x"
    assert reject.source["augmenter"] == "test.fragile"
    assert outcome.batch.num_rows == 5


def test_methods_are_drawn_in_proportion_to_their_share():
    rows, copies = [(i, source_id_of(str(i))) for i in range(5000)], range(1, 3)
    drawn = Counter(job.method for job in assign(rows, copies, [1.0, 3.0], seed=7))
    assert drawn[1] / 10_000 == pytest.approx(0.75, abs=0.02)
    assert assign(rows, copies, [1.0, 3.0], seed=7) == assign(rows, copies, [1.0, 3.0], seed=7)
    assert assign(rows, copies, [1.0, 3.0], seed=7) != assign(rows, copies, [1.0, 3.0], seed=8)
