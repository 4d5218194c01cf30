"""Chinese, simplified or traditional."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mashbill.transforms.augmenters.characters import members
from mashbill.transforms.languages.base import Language
from mashbill.transforms.languages.phrases import Phrases
from mashbill.transforms.languages.zh.answers import PREAMBLES, REFUSALS
from mashbill.transforms.languages.zh.phrases import FUNCTION_WORDS, PHRASES

if TYPE_CHECKING:
    from mashbill.transforms.augmenters.base import Augmenter
    from mashbill.transforms.augmenters.batch import Sites, TextBatch
    from mashbill.transforms.suites.suite import Suite

NUMERALS = "〇零一二三四五六七八九十百千万亿两几多半"
MEASURES = (
    "年月日号个天时点分秒元块角毛斤克吨升米寸尺里岁次遍本部台件条"
    "张页层楼位家间套双杯瓶盒碗份种款集倍折"
)


class Chinese(Language):
    """Words are jieba's, beside runs of other scripts, which are words as in any language.

    Args:
        dictionary: file of words that the segmenter knows beside its own, one a line.
    """

    name: ClassVar[str] = "zh"
    full_stops: ClassVar[str] = "。！？；.!?"
    function_words: ClassVar[frozenset[str]] = FUNCTION_WORDS
    keyboard: ClassVar[str | None] = "en"  # of the Latin words inside
    slips: ClassVar[str] = "的了是在有也就都个还很会要"
    negations: ClassVar[str] = "不没沒無无非未"
    rates: ClassVar[Mapping[str, float]] = {  # see docs/measured/augmenters-zh.md
        **dict.fromkeys(("nlpaug.RandomCharAug", "nlpaug.RandomWordAug"), 0.05),
        **dict.fromkeys(("edit.delete", "edit.split", "typo.homoglyph", "typo.homophone"), 0.1),
        **dict.fromkeys(("typo.delete", "typo.keyboard", "typo.lookalike"), 0.1),
        **dict.fromkeys(("typo.pinyin_fuzzy", "typo.repeat", "typo.split"), 0.1),
        **dict.fromkeys(("typo.substitute", "typo.transpose"), 0.1),
        **dict.fromkeys(("edit.case", "edit.insert_punctuation", "edit.join"), 0.2),
        **dict.fromkeys(("nlpaug.KeyboardAug", "synonym.zh"), 0.2),
    }
    typos: ClassVar[tuple[str, ...]] = ("typo.transpose", "typo.delete", "typo.repeat")
    typo_rates: ClassVar[tuple[float, ...]] = (0.05, 0.1, 0.25)
    phrases: ClassVar[Phrases | None] = PHRASES
    joins: ClassVar[bool] = True
    lacks: ClassVar[frozenset[str]] = frozenset(("ocr", "homoglyph", "case"))
    preambles: ClassVar[re.Pattern[str] | None] = PREAMBLES
    refusals: ClassVar[re.Pattern[str] | None] = REFUSALS

    def __init__(self, dictionary: str | None = None):
        self.dictionary = dictionary

    def with_dictionary(self, path: str) -> "Chinese":
        from mashbill.transforms.languages.zh.segment import check_dictionary

        check_dictionary(path)
        return Chinese(path)

    def augmenters(self) -> tuple[type["Augmenter"], ...]:
        from mashbill.transforms.languages.zh.augmenters import AUGMENTERS

        return AUGMENTERS

    def suites(self) -> tuple["Suite", ...]:
        from mashbill.transforms.languages.zh.suites import suites

        return suites(self)

    def words(self, batch: "TextBatch", runs: "Sites") -> "Sites":
        from mashbill.transforms.languages.zh.segment import words

        return words(batch, runs, self.dictionary)

    def numbers(self, batch: "TextBatch") -> Iterable[tuple[int, int]]:
        """Two numerals or more that follow each other, and what they count: 三十块."""
        numeral = members(NUMERALS).take(batch.codes)
        edges = np.flatnonzero(numeral[1:] != numeral[:-1]) + 1
        starts, ends = edges[::2], edges[1::2]
        long = ends - starts > 1
        starts, ends = starts[long], ends[long]
        ends = ends + members(MEASURES).take(batch.codes[ends])
        return zip(starts.tolist(), ends.tolist(), strict=True)

    def kind(self, word: str) -> str | None:
        """A character cannot stand for a longer word, nor a word for a character."""
        if word in FUNCTION_WORDS:
            return None
        return "character" if len(word) == 1 else "word"

    def is_word(self, word: str) -> bool:
        from mashbill.transforms.languages.zh.segment import is_word

        return super().is_word(word) or is_word(word, self.dictionary)

    def may_replace(self, word: str, other: str) -> bool:
        return word != other and other not in FUNCTION_WORDS

    def is_name(
        self, batch: "TextBatch", words: "Sites", spelled: Sequence[str], place: int
    ) -> bool:
        """As a dictionary of names says, or by its capital."""
        from mashbill.transforms.languages.zh.sound import NAMES
        from mashbill.transforms.languages.zh.wordlist import word_list

        tag = word_list().tag(spelled[place])
        return tag.startswith(NAMES) or super().is_name(batch, words, spelled, place)
