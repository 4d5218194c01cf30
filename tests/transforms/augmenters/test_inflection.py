import pytest

from mashbill.transforms.augmenters.inflection import analyses, inflect
from mashbill.transforms.augmenters.wordnet import WordNet


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
