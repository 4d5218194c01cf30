import pickle
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mashbill.models.errors import ModelError
from mashbill.transforms.augmenters import contextual, filling
from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.contextual import Insert, Substitute
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.languages.en.words import FUNCTION_WORDS

TEXTS = [
    "The movie was good, but the plot was slow.",
    "i love it",
    "",
    "   ",
    "LOUD MOVIE!!! 10/10 see https://example.com/good or @bob",
    "unknownword the film isn't like the story\n\nnew line",
    "中文 🙂 movie",
]
words = st.sampled_from(
    [
        "the",
        "movie",
        "Good",
        "BAD",
        "a",
        "isn't",
        "zzyx",
        "10",
        "[MASK]",
        "é",
        "中",
        "🙂",
        "\n",
        ",",
    ]
)
texts = st.lists(words, max_size=25).map(" ".join)


@pytest.fixture(scope="module", params=[Substitute, Insert], ids=lambda cls: cls.name)
def augmenter(request, tiny_mlm):
    return request.param(model=str(tiny_mlm), rate=0.4, max_length=32)


@pytest.fixture(scope="module")
def substitute(tiny_mlm):
    return Substitute(model=str(tiny_mlm), rate=1.0, max_length=64, min_p=0)


@pytest.fixture(scope="module")
def insert(tiny_mlm):
    return Insert(model=str(tiny_mlm), rate=1.0, max_length=64)


@given(st.lists(texts, min_size=1, max_size=6), st.integers(0, 2**64 - 1))
@settings(deadline=None, max_examples=40)
def test_a_row_does_not_depend_on_its_neighbours(augmenter, batch, seed):
    seeds = [(seed + i) % 2**64 for i in range(len(batch))]
    together = augmenter.augment_batch(Request(batch, seeds))
    assert together == [augmenter.augment(t, s) for t, s in zip(batch, seeds, strict=True)]
    assert together == augmenter.augment_batch(Request(batch[::-1], seeds[::-1]))[::-1]


def test_the_next_text_has_no_say_in_the_articles_of_this_one(substitute):
    seeds = range(400)
    alone = substitute.augment_batch(
        Request(["the the the", ""] * 400, [s for s in seeds for _ in "12"])
    )[::2]
    for other in ("a good plot", "an old plot", "old"):
        batch, twice = ["the the the", other] * 400, [seed for seed in seeds for _ in range(2)]
        assert substitute.augment_batch(Request(batch, twice))[::2] == alone


@given(texts, st.integers(0, 2**64 - 1))
@settings(deadline=None, max_examples=60)
def test_edits_are_sorted_and_apart_and_bring_whole_words(augmenter, text, seed):
    edits = augmenter.augment(text, seed)
    last = 0
    for start, end, word in edits:
        assert last <= start <= end <= len(text)
        last = end
        assert re.fullmatch(r"\w+ ?", word)
        assert word.strip().casefold() != text[start:end].casefold()


def test_another_seed_draws_other_words(substitute):
    variants = {apply(TEXTS[0], substitute.augment(TEXTS[0], seed)) for seed in range(8)}
    assert len(variants) > 4


def test_what_stands_between_the_words_stays(substitute):
    for seed, text in enumerate(TEXTS):
        variant = apply(text, substitute.augment(text, seed))
        word = r"[^\W\d_]+(?:['’][^\W\d_]+)*"
        assert re.sub(word, "", variant) == re.sub(word, "", text)


def test_function_words_and_names_stay_and_never_come_for_others(substitute):
    for text in ("The plot is good and the movie was slow", "it was by Clint Movie"):
        for seed in range(20):
            for edit in substitute.augment(text, seed):
                assert text[edit.start : edit.end].lower() not in FUNCTION_WORDS | {"clint"}
                assert edit.replacement.lower() not in FUNCTION_WORDS
                assert len(edit.replacement) > 2


def test_pieces_never_come():
    known = filling._known(("sp", "ex", "movie", "中"), "en", None)
    assert known.tolist() == [False, False, True, True]


def test_endings_are_kept():
    kinds, of_words = contextual._endings(("the", "movie", "films", "watching", "di"), "en")
    assert kinds.tolist()[0] == kinds.tolist()[4] == -1
    assert kinds.tolist()[1:4] == [of_words[""], of_words["s"], of_words["ing"]]


def test_with_wordnet_the_part_of_speech_and_form_are_kept(tiny_mlm, resources):
    folder = str(resources / "wordnet")
    spec = {"model": str(tiny_mlm), "rate": 1.0, "min_p": 0, "top_k": 1000, "wordnet": folder}
    substitute = Substitute(**spec)
    made = {
        (text[edit.start : edit.end], edit.replacement)
        for text in ("a good movie", "the film was good")
        for seed in range(20)
        for edit in substitute.augment(text, seed)
    }
    nouns = {"movie", "film", "plot", "story"}
    assert made
    assert all((old in nouns) == (new in nouns) for old, new in made)


def test_casing_is_kept(substitute):
    text = "Movie LOUD plot"
    for seed in range(10):
        first, second, third = apply(text, substitute.augment(text, seed)).split()
        assert first == first.capitalize()
        assert second == second.upper()
        assert third == third.lower()


def test_protected_spans_stay(substitute):
    text = "see https://example.com/good or @bob or #film [NAME] 10"
    for seed in range(10):
        variant = apply(text, substitute.augment(text, seed))
        for span in ("https://example.com/good", "@bob", "#film", "[NAME]", "10"):
            assert span in variant


def test_a_word_of_several_tokens_becomes_one_word(substitute):
    (edit,) = substitute.augment("zzyxq", 1)
    assert (edit.start, edit.end) == (0, 5)


def test_a_new_word_stands_between_two_others(insert):
    text = "the plot, slow. film music"
    places = {edit.start for seed in range(10) for edit in insert.augment(text, seed)}
    assert places == {text.index("plot"), text.index("music")}


def test_an_article_keeps_to_its_word(insert, substitute):
    assert insert.augment("a movie", 1) == []
    for seed in range(20):
        variant = apply("see plot", substitute.augment("see plot", seed))
        assert not variant.lower().startswith("an ") or variant[3] in "aeiou"


def test_words_out_of_the_models_reach_stay(tiny_mlm):
    near = Substitute(model=str(tiny_mlm), rate=1.0, max_length=8)
    text = "the film was good and " * 100
    edits = near.augment(text, 1)
    assert len(edits) == 2  # of content words
    assert edits[-1].end <= len("the film was good and the")


@pytest.mark.parametrize("text", ["good movie " * 90_000, "x" * 1_000_000, " " * 1_000_000])
def test_a_megabyte_is_survived(augmenter, text):
    assert len(augmenter.augment(text, 1)) <= 32


def test_rate_and_bounds(tiny_mlm):
    text = "the movie was good but the plot was slow"
    model = str(tiny_mlm)
    assert Substitute(model=model, rate=0).augment(text, 1) == []
    assert len(Substitute(model=model, rate=1, max_edits=2).augment(text, 1)) == 2
    assert len(Substitute(model=model, rate=0.0001, min_edits=3).augment(text, 1)) == 3


def test_top_k_of_one_always_draws_the_same(tiny_mlm):
    sharp = Substitute(model=str(tiny_mlm), top_k=1, min_edits=1, max_edits=1)
    assert len({tuple(sharp.augment("movie", seed)) for seed in range(10)}) == 1


def test_insertions_that_do_not_fit_the_model_are_left_out(tiny_mlm):
    full = Insert(model=str(tiny_mlm), rate=1.0, max_length=16)
    edits = full.augment("the movie was good but the plot was slow and dull as it is", 1)
    assert 0 < len(edits) < 13


def test_pickled_it_does_the_same(augmenter):
    again = pickle.loads(pickle.dumps(augmenter))
    assert again.augment_batch(Request(TEXTS, range(7))) == augmenter.augment_batch(
        Request(TEXTS, range(7))
    )


def test_model_time_and_paths_are_known(tiny_mlm):
    augmenter = Substitute(model=str(tiny_mlm))
    assert augmenter.uses_model
    assert augmenter.needs() == [(str(tiny_mlm), "masked LM")]
    assert augmenter.forward_seconds == 0
    augmenter.augment("the movie was good", 1)
    assert augmenter.forward_seconds > 0


def test_a_missing_model_is_named_and_parameters_are_checked():
    with pytest.raises(ModelError, match="nowhere does not exist"):
        Substitute(model="nowhere").augment("good", 1)
    for wrong in ({"top_k": 0}, {"top_p": 0}, {"temperature": 0}, {"temperature": float("inf")}):
        with pytest.raises(ValidationError):
            Substitute(model="m", **wrong)


def test_words_do_not_hang_on_the_last_digits_of_logits(substitute, monkeypatch):
    expected = substitute.augment_batch(Request(TEXTS, range(7)))
    forward = substitute._lm._places.logits

    def shaken(*args, **inputs):
        logits = forward(*args, **inputs)
        noise = np.random.default_rng(0).normal(scale=1e-5, size=logits.shape)
        return logits + torch.from_numpy(noise)

    monkeypatch.setattr(substitute._lm._places, "logits", shaken)
    assert substitute.augment_batch(Request(TEXTS, range(7))) == expected
