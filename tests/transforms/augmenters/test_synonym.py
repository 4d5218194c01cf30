"""Synonyms in place: no names, no expressions, the right part of speech and form."""

import pytest

from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.registry import build


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
        ("They enjoy it", "They like it"),
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
    assert variants(wordnet, "a film") == {"a movie", "a motion picture"}


def test_abbreviations_do_not_come(wordnet):
    assert variants(wordnet, "a long minute") == {"a long moment"}


def test_the_text_before_makes_no_context(wordnet):
    alone = wordnet.augment("plot", 1)
    assert wordnet.augment_batch(["they", "plot"], [5, 1])[1] == alone
    assert wordnet.augment_batch(["it is a", "plot"], [5, 1])[1] == alone
