"""Suites of Chinese texts: what each level makes."""

import pytest

from mashbill.transforms.languages.phrases import SENTIMENT
from mashbill.transforms.languages.zh import packages
from mashbill.transforms.suites.registry import choose, known_suites

pytestmark = pytest.mark.skipif(not packages.is_installed(), reason="needs the extra zh")
TEXT = "这家酒店的服务很好，价格也便宜，3个人住很舒服！"


@pytest.mark.parametrize(
    ("suite", "level", "made"),
    [
        ("width", 2, "这家酒店的服务很好,价格也便宜,3个人住很舒服!"),
        ("punctuation", 1, "这家酒店的服务很好，价格也便宜，3个人住很舒服"),
        ("punctuation", 2, "这家酒店的服务很好 价格也便宜 3个人住很舒服 "),
        ("traditional", 1, "這家酒店的服務很好，價格也便宜，3個人住很舒服！"),
        ("whitespace", 1, "这家 酒店 的 服务 很 好，价格 也 便宜，3 个人 住 很 舒服！"),
        ("negation", 1, "这家酒店的服务不很好，价格也便宜，3个人住很舒服！"),
    ],
)
def test_a_level(suite, level, made):
    assert known_suites(language="zh")[suite].texts([TEXT], level) == [made]


def test_cases_are_chinese_sentences_of_both_labels():
    suites = known_suites(language="zh")
    assert ("这个酒店很好。", "positive") in suites["plain_cases"].cases
    assert ("这个酒店一点也不好。", "negative") in suites["negated_cases"].cases


def test_those_that_find_nothing_in_chinese_are_none_of_its_suites():
    names = {suite.name for suite in choose(["all"], SENTIMENT, language="zh")}
    assert {"homophone", "lookalike", "synonym", "typo", "truncation"} <= names
    assert not names & {"ocr", "case", "homoglyph", "contraction", "misspelling"}
