from pathlib import Path

import pytest

from mashbill.transforms.augmenters.guards import REASONS, Guards
from mashbill.transforms.augmenters.protection import NAMES, guard
from mashbill.transforms.augmenters.rewrite import PROTECTED
from mashbill.transforms.languages.registry import language_of

FORMS = tuple(entry for entry in PROTECTED if entry != NAMES)
REFUSED = [
    ("A fine film.", "", "empty"),
    ("A fine film.", " … ", "empty"),
    ("A fine film.", "a  FINE film.", "same"),
    ("A fine film.", "Good.", "length"),
    ("A fine film.", "A film so fine that nobody who sees it will forget it.", "length"),
    ("A fine film about a bank.", "I'm sorry, but I can't help with that.", "refusal"),
    ("A fine film about a bank.", "As an AI language model, I like it.", "refusal"),
    ("A fine film about a bank.", "Here is a paraphrase: a good film on banks", "preamble"),
    ("A fine film about a bank.", "Sure! A good film about a bank.", "preamble"),
    ("A fine film about a bank.", "Paraphrase: a good film about a bank", "preamble"),
    ("A fine film about a bank.", "Прекрасный фильм о банке", "script"),
    ("A fine film about a bank.", "一部关于银行的好电影好电影", "script"),
    ("A fine film about a bank.", "Ein guter Film über eine Bank.", "language"),
    ("A fine film about a bank.", "Una buena película sobre un banco.", "language"),
    ("Der Film über die Bank ist gut.", "The film about the bank is good.", "language"),
    ("See https://a.org/b now.", "Look at https://a.org/c now.", "protected"),
    ("It won 11 Oscars.", "It won many Oscars.", "protected"),
    ("A fine film about a bank.", "a fine fine fine fine film", "repeats"),
    ("A fine film about a bank.", "so good, so good, so good, so good", "repeats"),
]
TAKEN = [
    ("A fine film.", "A good movie."),
    ("It won 11 Oscars.", "The film got 11 Oscars."),
    ("Here is the thing: it bores.", "Here is the point: it is boring."),
    ("very very very very dull", "so very very very very dull"),
    ("Der Film ist gut.", "Der Film gefällt mir."),
    ("A fine film about a bank.", "A fine masala on a bank."),
]


def guards(language="en", **changes):
    how = {"shortest": 0.5, "longest": 2.0} | changes
    return Guards(guard(FORMS, ()), language_of(language), **how)


@pytest.mark.parametrize(("text", "answer", "why"), REFUSED)
def test_what_is_no_variant_of_a_text_is_refused(text, answer, why):
    assert guards().why(text, answer) == why
    assert why in REASONS


@pytest.mark.parametrize(("text", "answer"), TAKEN)
def test_what_says_it_in_other_words_is_taken(text, answer):
    assert guards().why(text, answer) is None


def test_an_answer_is_no_part_of_a_text_that_the_model_was_shown():
    shown = ["It is a slow and sad film that nobody should have to watch twice."]
    text = "A slow film, sad as it is."
    assert guards().why(text, "It is slow, and sad for a film.", (), shown) is None
    long = "A sad film that nobody should have to watch twice."
    assert guards().why(text, long, (), shown) == "copied"
    assert guards().why(shown[0], long, (), shown) is None


def test_the_page_explains_every_reason():
    page = (Path(__file__).parents[3] / "docs" / "rewriting.md").read_text()
    rows = [f"| `{reason}` | {about} |" for reason, about in REASONS.items()]
    assert "\n".join(rows) in page


def test_a_named_entity_must_stay():
    text, answer = "Ann met Bo in Rome.", "In Rome, Bo was met."
    assert guards().why(text, answer, ["Bo", "Rome"]) is None
    assert guards().why(text, answer, ["Ann", "Bo", "Rome"]) == "protected"


def test_of_several_answers_the_first_good_one_is_chosen():
    text = "A fine film about a bank."
    choose = guards().choose
    assert choose(text, ["Sure! A film.", "A good film on a bank."]) == (
        "A good film on a bank.",
        None,
    )
    assert choose(text, ["Sure! A film.", ""]) == ("Sure! A film.", "preamble")
    assert choose(text, []) == ("", "format")
    assert choose(text, None) == ("", "cut")


@pytest.mark.parametrize(
    ("text", "answer", "why"),
    [
        ("这部电影很好看", "好的，这部影片不错", "preamble"),
        ("这部电影很好看", "改写后：这部影片不错", "preamble"),
        ("这部电影很好看", "抱歉，我无法完成改写", "refusal"),
        ("这部电影很好看", "这部影片值得一看", None),
        ("这部电影很好看", "a good film", "script"),
        ("电影3个小时很好看", "影片几个小时都好看", "protected"),
        ("这部电影很好看", "好看好看好看好看好看好看好看", "repeats"),
    ],
)
def test_chinese_answers(text, answer, why):
    assert guards("zh").why(text, answer) == why


def test_any_language_has_the_guards_that_need_none():
    assert guards("any").why("A fine film.", "Sure! A film.") is None
    assert guards("any").why("A fine film.", "") == "empty"
