"""Synonyms in place: no names, no expressions, the right part of speech and form."""

import pickle

import pytest

from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.languages.en import synonym


@pytest.fixture(scope="module")
def wordnet(resources):
    return build({"use": "synonym.wordnet", "wordnet": str(resources / "wordnet"), "rate": 1.0})


def variants(augmenter, text: str) -> set[str]:
    return {apply(text, augmenter.augment(text, seed)) for seed in range(40)}


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("He ran it.", "He operated it."),
        ("He had run it.", "He had operated it."),
        ("A FILM again", "A MOVIE again"),
        ("men", "adult males"),
        ("a better one", "a finer one"),
        ("They try to go", "They attempt to go"),
        ("Film it", "Movie it"),
        ("A fine one", "An excellent one"),
    ],
)
def test_part_of_speech_form_and_article_follow(wordnet, text, some):
    assert some in variants(wordnet, text)


@pytest.mark.parametrize(
    "text",
    [
        "the Film Board",
        "Good Film",
        "a hot film",
        "the film noir",
    ],
)
def test_names_and_expressions_stay(wordnet, text):
    assert variants(wordnet, text) == {text}


def test_a_word_that_the_tagged_texts_never_use_does_not_come(wordnet):
    assert variants(wordnet, "a film") == {"a movie"}


@pytest.mark.parametrize(
    "text",
    [
        "every day",  # a unit
        "a bone",  # "os" is rare beside it
        "the power",  # an index is mostly something else
        "They try hard",  # a verb with what belongs to it
        "at film",  # as "at heart"
        "the film day",  # one thing
        "I enjoy it",  # "like" is a function word, too
    ],
)
def test_what_no_reader_would_accept_stays(wordnet, text):
    assert variants(wordnet, text) == {text}


@pytest.fixture
def with_encoder(resources, tiny_encoder):
    spec = {"use": "synonym.wordnet", "wordnet": str(resources / "wordnet"), "rate": 1.0}
    return build({**spec, "encoder": str(tiny_encoder), "device": "cpu"})


def test_an_encoder_keeps_what_is_near_in_its_context(with_encoder, monkeypatch):
    text = "They attempt to watch a film, and it is fine."
    assert with_encoder.uses_model
    assert with_encoder.needs() == [(with_encoder.encoder, "encoder")]
    monkeypatch.setattr(synonym, "NEAR_IN_CONTEXT", -1.0)
    everything = variants(with_encoder, text)
    assert any("movie" in variant for variant in everything)
    copy = pickle.loads(pickle.dumps(with_encoder))
    assert variants(copy, text) == everything
    monkeypatch.setattr(synonym, "NEAR_IN_CONTEXT", 1.1)
    assert variants(with_encoder, text) == {text}


def test_abbreviations_do_not_come(wordnet):
    assert variants(wordnet, "a long minute") == {"a long moment"}


def test_the_text_before_makes_no_context(wordnet):
    alone = wordnet.augment("plot", 1)
    assert wordnet.augment_batch(Request(["they", "plot"], [5, 1]))[1] == alone
    assert wordnet.augment_batch(Request(["it is a", "plot"], [5, 1]))[1] == alone
