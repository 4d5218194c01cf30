"""Stratified splits: exact for rare classes, and decided by the ids alone."""

from collections import Counter

import pyarrow as pa
import pytest

from mashbill.transforms import strata
from mashbill.transforms.examples import RAW, identify, source_id_of, split_of
from mashbill.transforms.strata import FindStrata, split_sizes, strata_of

FRACTIONS = (0.8, 0.1, 0.1)
CLASSES = {0: 700, 1: 30, 2: 5}


def raw(rows, split=None) -> pa.RecordBatch:
    """A batch of (text, label)."""
    every = {"text_pair": None, "corpus": "c", "split": split}
    return pa.RecordBatch.from_pylist([{"text": t, "label": y, **every} for t, y in rows], RAW)


ROWS = [(f"row {i} of {label}", label) for label, rows in CLASSES.items() for i in range(rows)]


def splits(rows, found=None) -> dict[str, str]:
    """Text to split."""
    batch = identify(raw(rows), FRACTIONS, strata=found)
    return dict(zip(batch["text"].to_pylist(), batch["split"].to_pylist(), strict=True))


@pytest.mark.parametrize(
    ("rows", "fractions", "sizes"),
    [
        (100, FRACTIONS, [80, 10, 10]),
        (30, FRACTIONS, [24, 3, 3]),
        (5, FRACTIONS, [3, 1, 1]),
        (3, FRACTIONS, [1, 1, 1]),
        (2, FRACTIONS, [1, 0, 1]),
        (1, FRACTIONS, [1, 0, 0]),
        (0, FRACTIONS, [0, 0, 0]),
        (7, (0.7, 0.3, 0.0), [5, 2, 0]),
        (2, (0.99, 0.01, 0.0), [1, 1, 0]),
        (3, (0.0, 0.5, 0.5), [0, 1, 2]),
    ],
)
def test_a_class_is_divided_by_the_fractions_with_a_row_for_each_split(rows, fractions, sizes):
    assert split_sizes(rows, fractions) == sizes


def test_every_class_has_its_fraction_of_every_split():
    found = splits(ROWS, strata_of([raw(ROWS)], FRACTIONS))
    for label, rows in CLASSES.items():
        own = Counter(found[text] for text, y in ROWS if y == label)
        assert [own[s] for s in ("train", "validation", "test")] == split_sizes(rows, FRACTIONS)


def test_few_rows_move_to_where_chance_had_not_put_them():
    chance, found = splits(ROWS), splits(ROWS, strata_of([raw(ROWS)], FRACTIONS))
    moved = sum(found[text] != split for text, split in chance.items())
    assert 0 < moved < 0.05 * len(ROWS)


def test_neither_order_nor_batches_nor_copies_of_a_row_matter():
    whole = strata_of([raw(ROWS)], FRACTIONS)
    find = FindStrata(FRACTIONS)
    mixed = ROWS[::-1] + ROWS[:50]
    parts = [
        find.add_input(find.create_accumulator(), raw(mixed[i : i + 100]))
        for i in range(0, len(mixed), 100)
    ]
    nested = find.merge_accumulators([parts[0], find.merge_accumulators(parts[1:])])
    for ours, theirs in zip(find.extract_output(nested), whole, strict=True):
        assert ours.tolist() == theirs.tolist()


def test_a_copy_without_a_label_goes_with_the_labelled_one():
    found = strata_of([raw(ROWS)], FRACTIONS)
    bare = splits([(text.upper(), None) for text, _ in ROWS], found)
    assert {text.lower(): split for text, split in bare.items()} == splits(ROWS, found)


def test_chance_decides_without_labels_for_two_labels_and_for_fixed_splits():
    assert strata_of([], FRACTIONS).splits_of(["x"]) == [None]
    unlabelled = raw([("a", None)])
    both = raw([("b", 0), ("b", 1), ("c", 1)])
    fixed = raw([("d", 0)], split="test")
    found = strata_of([unlabelled, both, fixed], FRACTIONS)
    ids = [source_id_of(text) for text in "abcd"]
    assert found.splits_of(ids) == [None, None, "train", None]
    text, split = next(iter(splits([("a", None)], found).items()))
    assert split == split_of(source_id_of(text), FRACTIONS)


def test_a_class_of_very_many_rows_is_left_to_chance(monkeypatch):
    monkeypatch.setattr(strata, "MOST", 100)
    found = splits(ROWS, strata_of([raw(ROWS[:400]), raw(ROWS[400:])], FRACTIONS))
    chance = splits(ROWS)
    large = [text for text, label in ROWS if label == 0]
    assert [found[text] for text in large] == [chance[text] for text in large]
    rare = Counter(found[text] for text, label in ROWS if label == 1)
    assert rare == {"train": 24, "validation": 3, "test": 3}
