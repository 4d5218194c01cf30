"""What holds of near-duplicates whatever the texts, and how well they are found."""

import random

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given, settings
from hypothesis import strategies as st

from mashbill.transforms import coders
from mashbill.transforms.deduplicate import deduplicate, without_losers
from mashbill.transforms.examples import EXAMPLES, RAW, identify, shard_of
from mashbill.transforms.filters.near_duplicate import NearDuplicate, bands_and_rows
from mashbill.transforms.near_duplicates import NearDuplicates

ROWS = st.lists(
    st.tuples(
        st.text("ab ", min_size=1, max_size=12).filter(str.strip),
        st.sampled_from(["train", "validation", "test"]),
        st.sampled_from([None, 0]),
    ),
    max_size=30,
)
UNHURRIED = settings(deadline=None, max_examples=50)
NEAR = NearDuplicate()
ANY_ORDER = NearDuplicate(unit="words", size=1)


def examples(rows) -> pa.RecordBatch:
    raw = [
        {"text": text, "text_pair": None, "label": label, "corpus": "c", "split": split}
        for text, split, label in rows
    ]
    return identify(pa.RecordBatch.from_pylist(raw, schema=RAW), (1, 0, 0))


def losers(rows, near=NEAR) -> set[str]:
    return near.losers([near.bands(examples(rows))])


def texts_left(rows, near=NEAR) -> list[str]:
    unique = deduplicate(pa.Table.from_batches([examples(rows)]))
    return without_losers(unique, losers(rows, near)).unique["text"].to_pylist()


def test_bands_are_as_many_as_the_threshold_asks_for():
    assert bands_and_rows(0.8) == (12, 10)


@UNHURRIED
@given(ROWS)
def test_rows_of_validation_and_test_never_go(rows):
    held_out = [row for row in rows if row[1] != "train"]
    assert not losers(rows) & set(examples(held_out)["source_id"].to_pylist())


@UNHURRIED
@given(ROWS, st.randoms(use_true_random=False))
def test_texts_with_the_same_shingles_are_always_found(rows, chance):
    """Words in another order, where a shingle is one word: equal sets, different ids."""
    turned = [(" ".join(reversed(text.split())), split, label) for text, split, label in rows]
    every = [*rows, *turned]
    chance.shuffle(every)
    sets = [frozenset(text.split()) for text in texts_left(every, ANY_ORDER)]
    train = {frozenset(text.split()) for text, split, _ in every if split == "train"}
    held_out = {frozenset(text.split()) for text, split, _ in every if split != "train"}
    assert train | held_out == set(sets)
    assert all(sets.count(one) == 1 for one in train - held_out)


@UNHURRIED
@given(ROWS, st.randoms(use_true_random=False), st.integers(1, 5))
def test_order_and_batches_do_not_matter(rows, chance, size):
    expected = losers(rows)
    chance.shuffle(rows)
    parts = [rows[i : i + size] for i in range(0, len(rows), size)]
    bands = pa.Table.from_batches([NEAR.bands(examples(part)) for part in parts]) if parts else []
    if not parts:
        return
    group = bands["band"].to_numpy() % 3
    found = set()
    for number in range(3):  # groups of bands, as workers have them
        found |= NEAR.losers(bands.filter(pa.array(group == number)).to_batches())
    assert found == expected


def test_who_stays_held_out_then_labelled_then_by_id():
    film = "a good film about an old man and the sea, told in no hurry at all{}"
    rows = [(film.format(mark), split, label) for mark, split, label in (
        ("", "train", None), (".", "train", 0), ("!", "train", None), ("?", "test", None),
    )]  # fmt: skip
    assert texts_left(rows) == [rows[3][0]]
    assert texts_left(rows[:3]) == [rows[1][0]]
    (stays,) = texts_left([rows[0], rows[2]])
    first = min(examples([rows[0], rows[2]]).to_pylist(), key=lambda row: row["source_id"])
    assert stays == first["text"]


def test_a_text_that_is_also_in_test_is_held_out_wherever_it_stands():
    film = "a good film about an old man and the sea, told in no hurry at all"
    rows = [(film, "train", 0), (film + "!", "train", 0), (film, "test", None)]
    assert texts_left(rows) == [film]


def pairs(similarity: float, number: int, seed: int) -> list[tuple[str, str]]:
    """Texts of 60 words of which about this share is the same, as sets of single words."""
    chance = random.Random(seed)
    shared = round(60 * 2 * similarity / (1 + similarity))
    made = []
    for _ in range(number):
        words = [f"w{chance.random()}" for _ in range(120 - shared)]
        common, own = words[:shared], words[shared:]
        half = len(own) // 2
        made.append((" ".join(common + own[:half]), " ".join(common + own[half:])))
    return made


@pytest.mark.parametrize(
    ("similarity", "least", "most"), [(0.5, 0, 0), (0.65, 0, 0.05), (0.9, 0.85, 1), (0.97, 1, 1)]
)
def test_similar_texts_are_found_and_others_are_not(similarity, least, most):
    made = pairs(similarity, 200, seed=1)
    rows = [(text, "train", None) for pair in made for text in pair]
    assert least <= len(losers(rows, ANY_ORDER)) / len(made) <= most


def test_the_shuffle_finds_what_one_table_does():
    coders.register()
    chance = random.Random(3)
    film = "a good film about an old man and the sea, told in no hurry at all {}"
    rows = [(film.format(chance.randrange(5)), "train", None) for _ in range(40)]
    rows += [(f"{chance.random()} and {chance.random()}", "train", 0) for _ in range(40)]
    batches = [examples(rows[i : i + 7]) for i in range(0, len(rows), 7)]
    expected = sorted(losers(rows))
    assert len(expected) > 2
    with TestPipeline("FnApiRunner") as pipeline:
        found = (
            pipeline
            | beam.Create(batches)
            | NearDuplicates(NEAR, 3, frozenset(range(3)))
            | beam.FlatMap(
                lambda one: [(one[0], source_id) for source_id in one[1].column(0).to_pylist()]
            )
            | beam.Distinct()
        )
        assert_that(found, equal_to([(shard_of(one, 3), one) for one in expected]))


def test_a_corpus_without_rows_has_no_duplicates():
    assert NEAR.losers([]) == set()
    empty = pa.RecordBatch.from_pylist([], schema=EXAMPLES)
    assert NEAR.bands(empty).num_rows == 0


def test_short_empty_and_damaged_texts_have_bands():
    bands = NEAR.bands(examples([("x", "train", None), ("\ud800 y", "train", None)][:1]))
    assert bands.num_rows == 12
    assert len(np.unique(bands["band"].to_numpy())) == 12
