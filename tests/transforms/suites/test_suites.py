"""What holds for every suite."""

import os
import subprocess
import sys
from itertools import pairwise

import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.languages.phrases import SENTIMENT
from mashbill.transforms.suites.registry import choose, known_suites
from mashbill.transforms.suites.suite import trained_by

TEXTS = [
    "I didn't like the movie, but the actors were good and the plot is fine.",
    "A man and a film: it was dull, and they could not save it!",
    "Great.",
    "",
    "Ein schöner Film über 3 Männer",
]


@pytest.fixture(scope="module")
def suites(resources):
    return known_suites(str(resources / "wordnet"))


@pytest.fixture(params=sorted(known_suites()))
def suite(request, suites):
    return suites[request.param]


def test_a_text_is_changed_the_same_whatever_stands_beside_it(suite):
    for level in range(1, len(suite.levels) + 1):
        together = suite.texts(TEXTS, level)
        assert together == [suite.texts([text], level)[0] for text in TEXTS]
        assert together[::-1] == suite.texts(TEXTS[::-1], level)


def test_some_text_changes_at_every_level_and_no_two_levels_are_one(suite):
    made = [TEXTS, *(suite.texts(TEXTS, level) for level in range(1, len(suite.levels) + 1))]
    assert all(here != there for here, there in pairwise(made))


def test_every_level_has_a_name(suite):
    assert len(suite.severities) == len(suite.levels)
    assert len(set(suite.severities)) == len(suite.severities)


def test_an_mft_has_cases_of_both_labels_and_nothing_else_has(suite):
    labels = {label for _, label in suite.cases}
    assert labels == (set(SENTIMENT) if suite.kind == "MFT" else set())
    assert bool(suite.levels) != bool(suite.cases)


@pytest.mark.parametrize("name", ["typo", "ocr", "misspelling", "word_order"])
def test_higher_levels_change_more(suites, name):
    long = [" ".join(["the movie was rather good although their friend believed otherwise"] * 8)]

    def changed(level: int) -> int:
        words = zip(long[0].split(), suites[name].texts(long, level)[0].split(), strict=True)
        return sum(before != after for before, after in words)

    assert 0 < changed(1) < changed(2) < changed(3)


def test_another_process_with_another_hash_seed_sees_the_same(suites):
    code = (
        "import sys; from mashbill.transforms.suites.registry import known_suites;"
        "s = known_suites(); print([s[n].texts([sys.argv[1]], 1) for n in sys.argv[2:]])"
    )
    names = ["typo", "distractor", "whitespace", "case"]
    environment = {**os.environ, "PYTHONHASHSEED": "5", "PYTHONPATH": "."}
    done = subprocess.run(
        [sys.executable, "-c", code, TEXTS[0], *names],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert done.stdout.strip() == str([suites[name].texts([TEXTS[0]], 1) for name in names])


@pytest.mark.parametrize(
    ("name", "methods", "trained"),
    [
        ("typo", ["typo.keyboard", "edit.swap"], ["typo.keyboard"]),
        ("typo", ["edit.swap"], []),
        ("word_order", [{"use": "order.reverse"}], ["order.reverse"]),
        ("contraction", ["contraction.expand"], ["contraction.expand"]),
        ("ocr", [{"use": "chain", "of": ["edit.swap", "typo.ocr"]}], ["typo.ocr"]),
        ("neutral_suffix", ["typo.keyboard"], []),
    ],
)
def test_trained_is_what_the_recipes_methods_do(suites, name, methods, trained):
    assert trained_by(suites[name], methods) == trained


def test_truncation_keeps_the_beginning(suites):
    assert suites["truncation"].texts(["one two  three four"], 2) == ["one two"]
    assert suites["truncation"].texts(["这部电影很好"], 2) == ["这部电"]


def test_negation_is_put_where_there_is_a_verb_for_it(suites):
    texts = ["It was good.", "It was not good.", "Good."]
    assert suites["negation"].texts(texts, 1) == ["It was not good.", "It was not good.", "Good."]


def test_a_language_has_the_suites_that_its_augmenters_and_phrases_make():
    suites = known_suites(language="any")
    assert {"typo", "word_order", "truncation"} <= suites.keys()
    assert not {"contraction", "synonym", "misspelling", "negation"} & suites.keys()
    assert [suite.texts(TEXTS, 1) for suite in suites.values() if suite.levels]
    assert "key" not in suites["typo"].about
    with pytest.raises(MashbillError, match="suite negation: not available in the language any"):
        choose(["clean", "negation"], SENTIMENT, language="any")
    assert {suite.name for suite in choose(["all"], SENTIMENT, language="any")} == suites.keys()


def test_all_leaves_out_cases_that_do_not_fit_the_labels():
    assert {suite.kind for suite in choose(["all"], ["ham", "spam"])} == {"INV", "DIR"}
    assert {suite.kind for suite in choose(["all"], SENTIMENT)} == {"INV", "DIR", "MFT"}
    with pytest.raises(MashbillError, match="plain_cases: its cases are labelled positive"):
        choose(["plain_cases"], ["ham", "spam"])


def test_cases_of_single_texts_are_no_suite_of_a_pair_task():
    kinds = {suite.kind for suite in choose(["all"], SENTIMENT, pairs=True)}
    assert kinds == {"INV", "DIR"}
    for names in (["plain_cases"], ["all", "plain_cases"]):
        with pytest.raises(MashbillError, match="suite plain_cases: its cases are single texts"):
            choose(names, SENTIMENT, pairs=True)


def test_a_misspelt_suite_is_answered_with_the_nearest():
    with pytest.raises(MashbillError, match=r"'tpyo' is not a suite \(did you mean 'typo'\?\)"):
        choose(["clean", "tpyo"], SENTIMENT)
