"""Named entities under the perturbations of the suites."""

import pytest

from benchmarks.mention_check import still_names
from mashbill.models.tasks.base import Lost
from mashbill.transforms.augmenters.labels import label_of
from mashbill.transforms.languages.registry import LANGUAGES
from mashbill.transforms.suites.registry import known_suites

TEXTS = {
    "en": (
        "Mr. John A. Smith met Mary O'Neil in New York on Tuesday, isn't it good?",
        ["John A. Smith", "Mary O'Neil", "New York"],
    ),
    "zh": ("外交部发言人王毅昨天在北京说，苹果公司的手机很好。", ["王毅", "北京", "苹果公司"]),
}
CASES = [
    (language, name)
    for language in TEXTS
    if language in LANGUAGES
    for name, suite in known_suites(language=language).items()
    if suite.levels
]


@pytest.mark.parametrize(("language", "name"), CASES)
def test_entities_go_along_or_are_lost(language, name, resources):
    text, mentions = TEXTS[language]
    label = [
        {"start": text.index(one), "end": text.index(one) + len(one), "label": kind}
        for kind, one in enumerate(mentions)
    ]
    suite = known_suites(str(resources / "wordnet"), language)[name]
    for level in range(1, len(suite.levels) + 1):
        (variant,) = suite.variants([text], level)
        found = label_of(variant, text, label)
        if isinstance(found, Lost):
            continue
        after = [variant.text[one["start"] : one["end"]] for one in found]
        assert all(map(still_names, mentions, after)), (variant.text, after)


def test_what_changes_letters_spaces_and_case_loses_none():
    text, mentions = TEXTS["en"]
    start = text.index(mentions[0])
    label = [{"start": start, "end": start + len(mentions[0]), "label": 0}]
    for name in ("typo", "ocr", "homoglyph", "punctuation", "contraction", "distractor", "case"):
        suite = known_suites()[name]
        for level in range(1, len(suite.levels) + 1):
            (variant,) = suite.variants([text], level)
            assert not isinstance(label_of(variant, text, label), Lost), (name, variant.text)
