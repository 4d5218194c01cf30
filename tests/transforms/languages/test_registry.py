"""Languages by name; one more comes in as one class."""

import numpy as np
import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.batch import Sites
from mashbill.transforms.augmenters.registry import AUGMENTERS, available, build
from mashbill.transforms.augmenters.statistics import Statistics, words_of
from mashbill.transforms.languages import registry
from mashbill.transforms.languages.base import Language
from mashbill.transforms.languages.registry import language_of
from tests.transforms.augmenters.samples import NAMES


class Pairs(Language):
    """Two letters are a word, and a bar ends a sentence."""

    name = "pairs"
    full_stops = "|"
    keyboard = "de"
    function_words = frozenset(["ab"])

    def words(self, batch, runs):
        spans = zip(runs.starts.tolist(), runs.ends.tolist(), strict=True)
        words = [(a, min(a + 2, end)) for start, end in spans for a in range(start, end, 2)]
        starts, ends = np.array(words, np.int64).reshape(-1, 2).T
        return Sites(batch.rows_of(starts), starts, ends)


@pytest.fixture(autouse=True)
def pairs(monkeypatch):
    monkeypatch.setitem(registry.LANGUAGES.own, "pairs", Pairs)


def changed(spec, text, language):
    return apply(text, build({"rate": 1.0, **spec}, language).augment(text, 1))


def test_a_language_says_what_a_word_is():
    assert words_of(["abcde f"], "pairs") == [["ab", "cd", "e", "f"]]
    assert changed({"use": "edit.duplicate"}, "abcd e", "pairs") == "ab abcd cd e e"


def test_a_language_says_where_a_sentence_ends():
    reverse = {"use": "order.reverse", "window": None}
    assert changed(reverse, "one two | three four", "en") == "four three | two one"
    assert changed(reverse, "ab cd | ef gh", "pairs") == "cd ab | gh ef"
    assert changed(reverse, "ab cd . ef gh", "pairs") == "gh ef . cd ab"


def test_a_language_has_a_keyboard():
    german = build({"use": "typo.keyboard", "layout": "de"})
    assert build("typo.keyboard", "pairs").options() is german.options()


def test_any_language_lowers_no_first_word_since_it_may_be_a_name():
    reverse = {"use": "order.reverse", "window": None}
    assert changed(reverse, "The film", "en") == "Film the"
    assert changed(reverse, "The film", "any") == "Film The"


def test_articles_are_mended_in_english_only():
    statistics = Statistics.of(["film"])
    for language, variant in (("en", "a film"), ("any", "an film")):
        spec = {"use": "distribution.unigram", "rate": 1.0, "stopwords": ["an"]}
        augmenter = build(spec, language).with_statistics(statistics)
        assert apply("an hour", augmenter.augment("an hour", 1)) == variant


def test_the_parts_of_a_combination_are_in_its_language():
    chain = build({"use": "chain", "of": ["edit.swap", "order.reverse"]}, "pairs")
    assert [part.language.name for part in (chain, *chain.of)] == ["pairs"] * 3


def test_an_augmenter_that_the_language_lacks_says_where_it_works():
    said = "^contraction works in en, not in any; available: typo"
    with pytest.raises(MashbillError, match=said):
        build("contraction", "any")
    assert build("contraction", "en").language is language_of("en")


def test_english_has_all_but_chinese_and_any_what_needs_no_language():
    chinese = {name for name, kind in AUGMENTERS.items() if kind.languages == ("zh",)}
    assert set(available("en")) == AUGMENTERS.keys() - chinese
    assert chinese < set(available("zh"))
    assert {"edit.delete", "contextual.substitute", "chain"} <= set(available("any"))
    assert not {"order.clauses", "synonym.wordnet", "typo.misspelling"} & set(available("any"))


WORKING = [name for name in NAMES if name in available("any") and name != "chain"]


@pytest.mark.parametrize("name", WORKING)
def test_texts_of_any_language_get_what_needs_none(name, augmenters):
    """In Greek and Chinese, too; what cannot do a script does nothing."""
    augmenter = augmenters[name].in_language("any")
    if name == "typo.keyboard":
        augmenter = build({"use": name, "layout": "fr"}, "any")
    texts = ["Μια καλή ταινία, αλλά αργή.", "这部电影很好看。", "Un film lent et beau."]
    for seed, text in enumerate(texts):
        edits = augmenter.augment(text, seed)
        assert apply(text, edits) != text or not edits
