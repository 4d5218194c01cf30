import pytest

from mashbill.transforms.augmenters import base
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics


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
