"""Which places of many an augmenter edits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mashbill.transforms.augmenters import base
from mashbill.transforms.augmenters.base import without_overlap
from mashbill.transforms.augmenters.batch import Sites
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics

PLACES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), max_size=12)


@given(PLACES)
def test_of_places_that_overlap_the_first_stays(places):
    places, stays = sorted((start, start + size) for start, size in places), []
    for start, end in places:
        if not stays or start >= stays[-1][1]:
            stays.append((start, end))
    starts, ends = np.array(places, np.int64).reshape(-1, 2).T
    sites = without_overlap(Sites(np.zeros_like(starts), starts, ends))
    assert list(zip(sites.starts.tolist(), sites.ends.tolist(), strict=True)) == stays


def test_words_of_the_corpus_take_the_casing_of_those_that_they_replace():
    replace = build({"use": "edit.replace", "rate": 1.0, "protect": []})
    replace = replace.with_statistics(Statistics.of(["owl"]))
    texts = ["Film", "FILM", "film", "iPhone", "3D", "Ωmega", "ΩM"]
    made = replace.variants_batch(Request(texts, range(len(texts))))
    assert made == ["Owl", "OWL", "owl", "owl", "OWL", "Owl", "OWL"]


@pytest.mark.parametrize("name", ["edit.delete", "edit.swap"])
def test_variants_are_the_same_in_whatever_blocks_the_texts_are_looked_at(name, monkeypatch):
    augmenter = build({"use": name, "rate": 0.5})
    request = Request(["a very good film", "", "no, it was bad", "“so” so"] * 3, range(12))
    whole = augmenter.variants_batch(request), augmenter.augment_batch(request)
    monkeypatch.setattr(base, "CHUNK", 20)
    assert (augmenter.variants_batch(request), augmenter.augment_batch(request)) == whole
