import pytest

from mashbill.transforms.languages.en.inflection import analyses, inflect
from mashbill.transforms.languages.en.spelling import regular_form
from mashbill.transforms.languages.en.verbs import verbs
from mashbill.transforms.languages.en.wordnet import WordNet


@pytest.fixture(scope="module")
def small(resources) -> WordNet:
    return WordNet(resources / "wordnet")


@pytest.mark.parametrize(
    ("lemma", "pos", "form", "inflected"),
    [
        ("go", "v", "past", "went"),
        ("go", "v", "participle", "gone"),
        ("begin", "v", "past", "began"),
        ("operate", "v", "past", "operated"),
        ("scheme", "v", "ing", "scheming"),
        ("good", "a", "er", "better"),
        ("good", "r", "er", "better"),
        ("fine", "a", "est", "finest"),
        ("excellent", "a", "er", "more excellent"),
        ("easily", "r", "er", "more easily"),
        ("man", "n", "s", "men"),
        ("motion picture", "n", "s", "motion pictures"),
    ],
)
def test_inflect(small, lemma, pos, form, inflected):
    assert inflect(small, lemma, pos, form) == inflected


def test_past_and_participle_of_an_irregular_verb_are_told_apart(small):
    (verb,) = [analysis for analysis in analyses(small, "ran") if analysis.pos == "v"]
    assert (verb.lemma, verb.form) == ("run", "past")


@pytest.mark.parametrize(
    ("lemma", "ing"),
    [
        *[("be", "being"), ("see", "seeing"), ("dye", "dyeing"), ("make", "making")],
        *[("lie", "lying"), ("quit", "quitting"), ("equip", "equipping"), ("quote", "quoting")],
        *[("panic", "panicking"), ("transfer", "transferring"), ("open", "opening")],
    ],
)
def test_ing(lemma, ing):
    assert regular_form(lemma, "v", "ing") == ing


def test_no_form_of_a_verb_lost_its_vowel():
    for verb in verbs().values():
        assert set(verb.ing.removesuffix("ing")) & set("aeiouy"), verb
    assert verbs()["been"].ing == "being"
