import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from mashbill.models.tasks.iob import Entity, decode, entities_of, is_valid, tag_names, tags_of

NAMES = tag_names(["PER", "ORG"])


def test_tags_by_their_numbers():
    assert NAMES == ("O", "B-PER", "I-PER", "B-ORG", "I-ORG")
    tags = tags_of([Entity(0, 2, 1), Entity(2, 3, 1), Entity(4, 5, 0)], 6)
    assert [NAMES[tag] for tag in tags] == ["B-ORG", "I-ORG", "B-ORG", "O", "B-PER", "O"]


@given(st.lists(st.integers(0, 4), max_size=12))
def test_entities_are_those_that_seqeval_finds(tags):
    expected = get_entities([NAMES[tag] for tag in tags])
    found = [(("PER", "ORG")[kind], start, end - 1) for start, end, kind in entities_of(tags)]
    assert found == expected


@given(st.lists(st.integers(0, 4), max_size=12))
def test_valid_tags_and_entities_tell_the_same(tags):
    tags = np.array(tags, np.int16)
    assert is_valid(tags) == (tags_of(entities_of(tags), len(tags)).tolist() == tags.tolist())


@pytest.mark.parametrize("seed", range(20))
def test_decoding_finds_the_best_of_all_valid_rows(seed):
    scores = np.random.default_rng(seed).normal(size=(4, 5))
    every = (np.array(row) for row in itertools.product(range(5), repeat=4))
    best = max(filter(is_valid, every), key=lambda row: scores[np.arange(4), row].sum())
    assert decode(scores).tolist() == best.tolist()


def test_no_word_no_tag():
    assert decode(np.empty((0, 5))).tolist() == []
    assert entities_of([]) == []
