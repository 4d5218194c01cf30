"""Errors as learners make them: each where it can be made, and nowhere else."""

import pytest

from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request


def variants(operation: str, text: str) -> set[str]:
    augmenter = build({"use": f"grammar.{operation}", "rate": 1.0})
    return {apply(text, augmenter.augment(text, seed)) for seed in range(40)}


@pytest.mark.parametrize(
    ("operation", "text", "wrong"),
    [
        ("agreement", "She goes.", {"She go."}),
        ("agreement", "The films are good.", {"The films is good."}),
        ("article", "The plot thins.", {"Plot thins.", "A plot thins."}),
        ("article", "An éclair", {"Éclair", "The éclair", "A éclair"}),
        ("article", "out of love", {"out of the love"}),
        ("preposition", "good at it", {"good in it", "good on it", "good it"}),
        ("preposition", "At home", {"On home", "In home"}),
        ("verb_form", "to go", {"to goes", "to going", "to went"}),
        ("verb_form", "have gone", {"have go", "have went", "have going"}),
        ("number", "a plot.", {"a plots."}),
        ("number", "these movies", {"these movie"}),
        ("homophone", "It's too late", {"Its to late"}),
    ],
)
def test_errors(operation, text, wrong):
    assert variants(operation, text) == wrong


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("article", "from Simon, for anyone, about two"),
        ("number", "a clever, honest man; it all seems fine"),
        ("number", "a thoughtful film and each other"),
        ("homophone", "two for one"),
    ],
)
def test_no_error_where_none_is_made(operation, text):
    assert variants(operation, text) == {text}


def test_a_noun_at_the_end_of_a_text_is_seen_whatever_text_follows():
    number = build({"use": "grammar.number", "rate": 1.0})
    alone = number.augment("a song each day", 0)
    assert [edit.replacement for edit in alone] == ["days"]
    assert number.augment_batch(Request(["a song each day", ""], [0, 0])) == [alone, []]


def test_been_never_becomes_bing():
    assert variants("verb_form", "It has been a good film.") <= {
        "It has be a good film.",
        "It has being a good film.",
        "It has was a good film.",
    }
