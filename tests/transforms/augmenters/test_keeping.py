"""Variants that a classifier must give the gold label."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mashbill.models.classifier import Classifier
from mashbill.models.references import ModelRef
from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.contextual import Insert, Substitute
from mashbill.transforms.augmenters.edits import Edit
from mashbill.transforms.augmenters.keeping import keep_labels
from mashbill.transforms.augmenters.request import Request

TEXTS = [
    "the movie was good but the plot was slow",
    "i love it and you love it too",
    "a very dull story",
    "",
    "the actor was great in this film",
]


def by_number(texts, labels, script, draws=4):
    """`script[row][n]` is the label that the classifier gives the n-th draw of a row."""
    calls = []

    def draw(rows, n):
        return [[Edit(0, 0, f"{n} ")] if script[row] else [] for row in rows]

    def predict(variants):
        calls.append(len(variants))
        return np.array([script[texts.index(v[2:])][int(v[0])] for v in variants], np.int64)

    made = keep_labels(texts, labels, draw=draw, predict=predict, draws=draws)
    return [edits[0].replacement.strip() if edits else None for edits in made], calls


def test_the_first_draw_that_keeps_the_label_is_taken():
    script = [[1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0], [], [0, 0, 0, 0]]
    made, calls = by_number(["a", "b", "c", "d", "e"], [1, 1, 1, 1, None], script)
    assert made == ["0", "2", None, None, "0"]
    assert calls == [3, 2 * 3]  # all first draws, then three more of the two that lost it


def test_one_draw_is_judged_too():
    made, calls = by_number(["a", "b"], [0, 1], [[1], [1]], draws=1)
    assert made == [None, "0"]
    assert calls[0] == 2


@given(st.data())
def test_it_is_rejection_sampling(data):
    rows = data.draw(st.integers(1, 5))
    script = [data.draw(st.lists(st.integers(0, 1), min_size=4, max_size=4)) for _ in range(rows)]
    labels = [data.draw(st.sampled_from([0, 1, None])) for _ in range(rows)]
    made, _ = by_number([chr(97 + i) for i in range(rows)], labels, script)
    for label, verdicts, number in zip(labels, script, made, strict=True):
        wanted = 0 if label is None else verdicts.index(label) if label in verdicts else None
        assert number == (None if wanted is None else str(wanted))


@pytest.fixture(scope="module", params=[Substitute, Insert], ids=lambda cls: cls.name)
def keeper(request, tiny_mlm, tiny_classifier):
    return request.param(
        model=str(tiny_mlm), rate=0.5, max_length=32, keep_label=str(tiny_classifier)
    )


@pytest.fixture(scope="module")
def teacher(tiny_classifier):
    loaded = Classifier.load(str(tiny_classifier), max_length=32, precision="fp32", device="cpu")
    return lambda text: int(loaded.logits([text])[0].argmax())


@pytest.mark.parametrize("label", [0, 1])
def test_every_variant_has_its_gold_label(keeper, teacher, label):
    seeds = range(40)
    texts = [TEXTS[i % len(TEXTS)] for i in seeds]
    made = keeper.augment_batch(Request(texts, seeds, [label] * len(texts)))
    variants = [apply(text, edits) for text, edits in zip(texts, made, strict=True) if edits]
    assert variants
    assert {teacher(variant) for variant in variants} == {label}
    free = keeper.augment_batch(Request(texts, seeds))
    unwanted = [
        (edits, kept)
        for text, edits, kept in zip(texts, free, made, strict=True)
        if edits and teacher(apply(text, edits)) != label
    ]
    assert all(edits != kept for edits, kept in unwanted)


@given(st.permutations(range(len(TEXTS))), st.integers(0, 2**64 - 1))
@settings(deadline=None, max_examples=15)
def test_a_row_does_not_depend_on_its_neighbours(keeper, order, seed):
    labels = [1, 0, None, 1, 0]
    seeds = [(seed + i) % 2**64 for i in range(len(TEXTS))]
    rows = list(zip(TEXTS, seeds, labels, strict=True))
    alone = [keeper.augment_batch(Request([t], [s], [label]))[0] for t, s, label in rows]
    texts, seeds, labels = zip(*(rows[i] for i in order), strict=True)
    assert keeper.augment_batch(Request(texts, seeds, labels)) == [alone[i] for i in order]


def test_without_labels_nothing_is_judged(keeper, tiny_mlm):
    plain = type(keeper)(model=str(tiny_mlm), rate=0.5, max_length=32)
    expected = plain.augment_batch(Request(TEXTS, range(5)))
    assert keeper.augment_batch(Request(TEXTS, range(5))) == expected
    assert keeper.augment_batch(Request(TEXTS, range(5), [None] * 5)) == expected


def test_the_classifier_is_among_what_must_be_there(keeper, tiny_mlm, tiny_classifier):
    assert keeper.needs() == [
        ModelRef(str(tiny_mlm), "masked LM"),
        ModelRef(str(tiny_classifier), "classifier"),
    ]
