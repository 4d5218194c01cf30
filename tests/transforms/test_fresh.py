"""What a training is given to make variants with: decided by seed, source and turn alone."""

import numpy as np
import pyarrow as pa
import pytest

from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.fresh import MADE, OUTCOMES
from mashbill.models.distill.stream import TURN
from mashbill.models.tasks.registry import single
from mashbill.models.tasks.spans import Spans
from mashbill.transforms.assignment import Method
from mashbill.transforms.examples import content_hash, source_id_of
from mashbill.transforms.fresh import FreshVariants, held_out_hashes
from tests.models.distill.data import LABELS, write

TEXTS = [f"an old film of love and music {i}" for i in range(40)]
METHODS = (
    Method({"use": "typo.keyboard", "rate": [0.1, 0.5]}, 2.0),
    Method({"use": "edit.swap", "rate": 0.3}, 1.0),
)
NOBODY = np.empty(0, np.uint64)


def rows(texts, turns=None, pairs=None, labels=None, kind=None):
    """What a piece has for a variant of each of these texts."""
    return pa.table(
        {
            "source_id": [source_id_of(text) for text in texts],
            "text": list(texts),
            "text_pair": pa.array(pairs or [None] * len(texts), pa.string()),
            "label": pa.array(labels or [0] * len(texts), kind or pa.int64()),
            "augmenter": ["none"] * len(texts),
            TURN: pa.array(turns or [0] * len(texts), pa.int64()),
        }
    )


def variants(methods=METHODS, fields=("text",), held_out=NOBODY, seed=7, task=None):
    return FreshVariants(methods, fields, held_out, seed, task or single(LABELS))


def test_every_source_gets_a_variant_by_a_method_drawn_by_its_share():
    made = variants().make(rows(TEXTS))
    assert (made.outcomes == MADE).all()
    assert all(new != old for new, old in zip(made.text, TEXTS, strict=True))
    assert 20 <= made.augmenter.count("typo.keyboard") <= 34
    assert set(made.augmenter) == {"typo.keyboard", "edit.swap"}


def test_a_variant_does_not_depend_on_the_rows_around_it():
    together = variants().make(rows(TEXTS)).text
    alone = [variants().make(rows([text])).text[0] for text in TEXTS]
    assert together == alone


def test_turn_and_seed_decide():
    found = [variants(seed=seed).make(rows(TEXTS, [turn] * 40)).text
             for seed, turn in ((7, 0), (7, 1), (8, 0))]  # fmt: skip
    for other in found[1:]:
        assert sum(a == b for a, b in zip(found[0], other, strict=True)) < 10
    assert found[0] == variants().make(rows(TEXTS)).text


def test_a_text_of_validation_or_test_is_never_made(tmp_path):
    data = open_data(str(write(tmp_path)), single(LABELS))
    hashes = held_out_hashes(data)
    assert len(hashes) == 12  # both splits have the same
    only = (Method({"use": "contraction", "rate": 1.0}, 1.0),)
    source, leak = "it is a film", "it's a film"
    taken = np.array([content_hash(source_id_of(leak))], np.uint64)
    assert variants(only).make(rows([source])).text == [leak]
    kept = variants(only, held_out=taken).make(rows([source]))
    assert (kept.text, kept.augmenter) == ([source], ["none"])
    assert [OUTCOMES[one] for one in kept.outcomes] == ["held_out"]


def test_another_method_is_tried_where_one_finds_nothing():
    methods = (Method({"use": "contraction"}, 1000.0), Method({"use": "edit.swap"}, 1.0))
    made = variants(methods).make(rows(TEXTS))
    assert set(made.augmenter) == {"edit.swap"}
    none = variants(methods[:1]).make(rows(TEXTS))
    assert none.text == TEXTS
    assert {OUTCOMES[one] for one in none.outcomes} == {"exhausted"}


def test_what_is_protected_stays():
    method = Method({"use": "typo.keyboard", "rate": 1.0, "protect_words": ["love"]}, 1.0)
    made = variants((method,)).make(rows(["so much love for it"] * 5, list(range(5))))
    assert all(" love " in text for text in made.text)
    assert len(set(made.text)) > 1


@pytest.mark.parametrize("fields", [("text",), ("text_pair",), ("text", "text_pair")])
def test_pairs_of_texts_change_where_they_are_asked_to(fields):
    pairs = [f"the plot was dull and slow {i}" for i in range(40)]
    made = variants(fields=fields).make(rows(TEXTS, pairs=pairs))
    assert (made.text != TEXTS) == ("text" in fields)
    assert (made.text_pair != pairs) == ("text_pair" in fields)


def test_named_entities_move_along_or_the_source_is_kept():
    task = Spans().over(("PER",))
    text, spans = "we saw Ann Lee there", [{"start": 7, "end": 14, "label": 0}]
    given = rows([text] * 30, list(range(30)), labels=[spans] * 30, kind=task.stored_type)
    made = variants((Method({"use": "edit.delete", "rate": 0.3}, 1.0),), task=task).make(given)
    outcomes = {OUTCOMES[one] for one in made.outcomes}
    assert outcomes == {"made", "label_lost"}
    for new, (span,), outcome in zip(made.text, made.label, made.outcomes, strict=True):
        assert new[span["start"] : span["end"]] == "Ann Lee"
        assert (new == text) == (outcome != MADE)
