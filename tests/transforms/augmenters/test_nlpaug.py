"""nlpaug within the contract: reproducible, in the text's spacing, honest where it fails."""

import importlib
import random
import re

import numpy as np
import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.align import edits_between
from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.nlpaug_classes import ELSEWHERE
from mashbill.transforms.augmenters.nlpaug_mends import make
from mashbill.transforms.augmenters.nlpaug_methods import METHODS
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.languages.en.misspelling import misspellings_of

TEXT = "I didn't like it;\nit cost $3.50 (see https://a.bc/d)  and the film was dull."


def test_misspellings_have_an_order_that_no_process_decides():
    misspelt = make("word", "SpellingAug", {}).model.dict
    assert max(map(len, misspelt.values())) > 5
    assert all(wrong == sorted(wrong) for wrong in misspelt.values())


def test_spacing_and_what_is_protected_stay():
    variant = apply(TEXT, build({"use": "nlpaug.KeyboardAug", "rate": 1}).augment(TEXT, 3))
    assert "$3.50 (" in variant
    assert "https://a.bc/d" in variant
    assert ";\n" in variant


def test_the_global_generators_stay_as_they_are():
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.random()
    random.seed(1)
    np.random.seed(1)
    build("nlpaug.RandomWordAug").augment(TEXT, 5)
    assert (random.random(), np.random.random()) == expected


def test_split_of_short_words_does_nothing():
    assert build("nlpaug.SplitAug").augment("a b c", 1) == []


def test_a_class_that_makes_no_variants_says_why():
    with pytest.raises(MashbillError, match="generates texts for a label"):
        build("nlpaug.LambadaAug")


def test_every_class_of_nlpaug_is_known():
    from nlpaug import augmenter, flow

    texts = {name for part in ("char", "word", "sentence") for name in classes(augmenter, part)}
    others = {name for part in ("audio", "spectrogram") for name in classes(augmenter, part)}
    assert {kind.kind for kind in METHODS} == texts
    assert others | {"Sequential", "Sometimes"} <= ELSEWHERE.keys()
    assert hasattr(flow, "Sequential")


def classes(package, part: str) -> list[str]:
    module = importlib.import_module(f"{package.__name__}.{part}")
    return [name for name in dir(module) if name.endswith("Aug")]


@pytest.mark.parametrize(
    ("kind", "why"),
    [("PitchAug", "changes audio"), ("TimeMaskingAug", "spectrograms"), ("Sequential", "chain")],
)
def test_what_is_not_for_texts_says_so(kind, why):
    with pytest.raises(MashbillError, match=why):
        build(f"nlpaug.{kind}")


@pytest.mark.parametrize("kind", ["BackTranslationAug", "AbstSummAug", "ContextualWordEmbsAug"])
def test_a_model_must_be_named(kind):
    with pytest.raises(MashbillError, match="the folder of a model"):
        build(f"nlpaug.{kind}")


def test_missing_parameters_of_nlpaug_are_named():
    with pytest.raises(
        MashbillError, match=r"nlpaug\.ReservedAug cannot be created.*reserved_tokens"
    ):
        build("nlpaug.ReservedAug").augment(TEXT, 1)
    with pytest.raises(MashbillError, match=r"args needs model_path"):
        build("nlpaug.WordEmbsAug").augment(TEXT, 1)


def test_a_name_of_the_hub_is_not_fetched_unasked():
    with pytest.raises(MashbillError, match="t5-base does not exist"):
        build({"use": "nlpaug.AbstSummAug", "args": {"model_path": "t5-base"}}).augment(TEXT, 1)


def test_missing_nltk_data_is_named(monkeypatch):
    import nltk

    monkeypatch.setattr(nltk.data, "path", [])
    with pytest.raises(MashbillError, match="punkt_tab"):
        build("nlpaug.RandomSentAug").augment(TEXT, 1)


@pytest.mark.parametrize(
    ("source", "other", "variant"),
    [
        ("it didn't,  really", "it didn ' t , really", "it didn't,  really"),
        ("a good  film", "a god film", "a god  film"),
        ("a good film", "a film", "a film"),
        ("good film", "film", "film"),
        ("a film", "a good film", "a good film"),
        ("a film", "a film indeed", "a film indeed"),
        ("The Café, a film", "the cafe , some film", "The Café, some film"),
        ("The film", "a film", "A film"),
    ],
)
def test_white_space_of_the_answer_does_not_count(source, other, variant):
    assert apply(source, edits_between(source, other)) == variant


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("SpellingAug", {}),
        ("SplitAug", {}),
        ("RandomWordAug", {"action": "swap"}),
        ("RandomWordAug", {"action": "delete"}),
    ],
)
def test_words_with_apostrophes_stay_whole(kind, args):
    augmenter = build({"use": f"nlpaug.{kind}", "rate": 0.9, "args": args})
    for text in ("I don't like it, and we can't say they're good.", "It's a well-known film."):
        for seed in range(50):
            variant = apply(text, augmenter.augment(text, seed))
            assert not re.search(r"\w\s['’-]\s|\w\s'[a-z]{1,2}\s\w+'", variant), variant


def test_words_of_an_answer_are_pieced_together():
    edits = edits_between("I don't know it's well-known", "I'm don ' t know it ' s well - known")
    assert edits == [(0, 1, "I'm")]


def test_wrong_parameters_end_a_run_before_its_first_text():
    augmenter = build({"use": "nlpaug.KeyboardAug", "args": {"lang": "xx"}})
    with pytest.raises(MashbillError, match=r"KeyboardAug cannot be created.*xx"):
        augmenter.load()


@pytest.mark.parametrize(
    "spec",
    [
        {"use": "nlpaug.KeyboardAug", "args": {"lang": "uk"}},
        {"use": "typo.keyboard", "layout": "uk"},
    ],
)
def test_a_layout_without_letters_of_the_texts_is_an_error_before_work(spec):
    with pytest.raises(MashbillError, match="the layout uk has no letters of en"):
        build(spec)
    text = "Цей фільм був дуже добрий"
    augmenter = build(spec, "any")
    assert any(augmenter.augment(text, seed) for seed in range(9))


def test_misspellings_are_spelled():
    """The list that nlpaug ships has debris of a wiki in it."""
    for word in ("the", "and", "is", "bring"):
        assert all(w.replace("'", "").replace("’", "").isalpha() for w in misspellings_of(word))


def test_long_texts_are_compared_in_linear_time():
    words = [f"word{place}" for place in range(20_000)]
    edits = edits_between(" ".join(words), " ".join([*words[:9000], "other", *words[9001:]]))
    assert [edit.replacement for edit in edits] == ["other"]


@pytest.mark.parametrize("spec", [{}, {"args": {"include_reverse": False}}])
def test_english_tables_are_for_english(spec):
    with pytest.raises(MashbillError, match=r"nlpaug.SpellingAug works in en, not in any"):
        build({"use": "nlpaug.SpellingAug", **spec}, "any")


def test_a_table_of_ones_own_is_for_any_language():
    spec = {"use": "nlpaug.SpellingAug", "args": {"dict_path": "misspellings.txt"}}
    assert build(spec, "any").language.name == "any"
