import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mashbill.models.tasks.registry import single
from mashbill.models.tasks.words import spaced_words
from mashbill.pipelines.report.distributions import SHARES, WORDS, distributions, word_counts
from tests.pipelines.finished import LABELS, SOURCES, finished


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return distributions(str(finished(tmp_path_factory.mktemp("out"))), single(LABELS))[0]


def test_every_row_is_counted_once_in_each_histogram(found):
    assert {kind: counts.sum() for kind, counts in found.words.items()} == {
        "sources": SOURCES + 2,
        "variants": SOURCES,
    }
    assert found.confidence["variants"].sum() == SOURCES
    assert found.synthetic["variants"].sum() == 0


def test_words_and_probabilities_are_in_their_bins(found):
    one_word = np.searchsorted(WORDS, 1)
    assert found.words["variants"][one_word] == SOURCES - 1
    sure = 1 / (1 + np.exp(-1))  # all logits are 0 and 1
    assert found.confidence["sources"][np.searchsorted(SHARES, sure) - 1] == SOURCES + 2


@given(
    st.lists(st.text(st.sampled_from(" \t\n\f\raé中のก\u0e34x，"), max_size=9), max_size=6),
    st.integers(0, 6),
)
def test_words_are_counted_as_they_are_found(texts, first):
    column = pa.array(texts, pa.string()).slice(first)
    assert word_counts(column).tolist() == [len(spaced_words(text)) for text in texts[first:]]


def test_labels_are_those_of_the_train_split(found):
    assert found.labels == {"sources": {1: SOURCES}, "variants": {1: SOURCES}}
