"""What each family makes of a text: before, and everything that can come after."""

import pytest

from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.registry import AUGMENTERS, build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics

SEEDS = range(200)  # enough that each outcome is drawn


def variants(spec, text: str) -> set[str]:
    """Everything that the seeds make of the text at a rate of 1."""
    spec = {"use": spec} if isinstance(spec, str) else spec
    full = {"rate": 1.0} if "rate" in AUGMENTERS[spec["use"]].model_fields else {}
    augmenter = build({**full, **spec})
    if augmenter.needs_statistics:
        augmenter = augmenter.with_statistics(Statistics.of(["a film", "film"]))
    edits = augmenter.augment_batch(Request([text] * len(SEEDS), SEEDS))
    return {apply(text, some) for some in edits}


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ("typo.keyboard", "a", {"q", "s", "w", "x", "z"}),
        ("typo.keyboard", "P", {"L", "O"}),
        ({"use": "typo.keyboard", "layout": "de"}, "z", {"g", "h", "j", "t", "u"}),
        ({"use": "typo.keyboard", "layout": "fr"}, "a", {"q", "s", "z", "é"}),
        ("typo.insert", "ж", {f"ж{letter}" for letter in "абвгдежзийклмнопрстуфхцчшщъыьэюя"}),
        ("typo.delete", "I film", {"I ilm", "I flm", "I fim", "I fil"}),
        ("typo.substitute", "Α", set("ΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ")),
        ("typo.transpose", "Film", {"Iflm", "Flim", "Fiml"}),
        ("typo.transpose", "aab", {"aba"}),
        ("typo.repeat", "Oh", {"Ooh", "Ohh"}),
        ("typo.ocr", "O", {"D", "U"}),
        ("typo.misspelling", "Their", {"Thire"}),
        ("typo.homoglyph", "ca", {"\u0441a", "c\u0430"}),
        ("typo.diacritics", "é", {"e"}),
        ({"use": "typo.diacritics", "mode": "add"}, "N", {"Ñ"}),
    ],
)
def test_letters(spec, before, after):
    assert variants(spec, before) == after


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ("edit.delete", "A good film.", {"good."}),
        ({"use": "edit.delete", "max_edits": 1}, "So (very) good.", {"(very) good.", "So (very)."}),
        ("edit.swap", "The film is good.", {"Film the good is."}),
        ("edit.swap", "I am here", {"am I here"}),
        ({"use": "edit.insert_punctuation", "marks": ["!"]}, "so good", {"! so ! good"}),
        ({"use": "edit.insert_symbol", "marks": ["#"]}, "so good", {"# so # good"}),
        ("edit.duplicate", "so good.", {"so so good good."}),
        ("edit.split", "a film", {"a f ilm", "a fi lm", "a fil m"}),
        ("edit.join", "a good film", {"agoodfilm"}),
        ({"use": "edit.crop", "rate": 0.5}, "a b c d", {"a b", "a d", "c d"}),
        ("edit.case", "Film", {"film", "FILM"}),
        ("edit.replace", "Plot", {"A", "Film"}),
        ("distribution.unigram", "plot", {"a", "film"}),
        ("distribution.tfidf", "a plot", {"film film"}),
        ("order.reverse", "The film is good. It is.", {"Is film the good. Is it."}),
        ({"use": "order.shuffle", "window": 2}, "so very good", {"very so good"}),
        ("order.clauses", "If you like it, you will sleep.", {"You will sleep, if you like it."}),
    ],
)
def test_words(spec, before, after):
    assert variants(spec, before) == after


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ("contraction", "It's late, I did not go.", {"It is late, I didn't go."}),
        ("contraction.expand", "It's late, I did not go.", {"It is late, I did not go."}),
        ("contraction.contract", "It's late, I did not go.", {"It's late, I didn't go."}),
        ("abbreviation", "Btw, it is on television.", {"By the way, it is on TV."}),
        (
            "abbreviation.expand",
            "Come asap, e.g. now.",
            {"Come as soon as possible, for example now."},
        ),
        ("abbreviation.contract", "by the way, e.g. now", {"btw, e.g. now"}),
        ("grammar.agreement", "She goes.", {"She go."}),
        ("grammar.article", "a plot", {"an plot", "plot", "the plot"}),
        ("grammar.homophone", "their film", {"there film", "they're film"}),
    ],
)
def test_english(spec, before, after):
    assert variants(spec, before) == after


def full(name: str) -> dict:
    return {"use": name, "rate": 1.0}


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ({"use": "chain", "of": [full("contraction.expand"), full("edit.join")]}, "I'm", {"Iam"}),
        ({"use": "one_of", "of": [full("edit.join"), full("edit.swap")]}, "a b", {"ab", "b a"}),
        ({"use": "sometimes", "of": [full("edit.join")]}, "a b", {"a b", "ab"}),
    ],
)
def test_combinations(spec, before, after):
    assert variants(spec, before) == after


@pytest.mark.parametrize(
    ("top_k", "before", "after"),
    [(10, "the film", {"the movie", "the picture", "the story"}), (1, "the film", {"the movie"})],
)
def test_neighbours_in_word_vectors(resources, top_k, before, after):
    spec = {"use": "synonym.embedding", "vectors": str(resources / "vectors.txt"), "top_k": top_k}
    assert variants(spec, before) == after


def test_a_synonym_of_wordnet_takes_the_words_form_and_casing(resources):
    spec = {"use": "synonym.wordnet", "wordnet": str(resources / "wordnet")}
    expected = {"The movies were excellent.", "The movies were fine."}
    assert variants(spec, "The films were good.") == expected
