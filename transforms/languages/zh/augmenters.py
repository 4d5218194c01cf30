"""The augmenters that only Chinese has."""

from mashbill.transforms.languages.zh.homophone import Homophone, PinyinFuzzy
from mashbill.transforms.languages.zh.looks import Lookalike, Split
from mashbill.transforms.languages.zh.number import NumberForm
from mashbill.transforms.languages.zh.pinyin import Pinyin
from mashbill.transforms.languages.zh.script import Simplified, Traditional
from mashbill.transforms.languages.zh.synonym import Synonym
from mashbill.transforms.languages.zh.width import Width

AUGMENTERS = (
    Homophone,
    PinyinFuzzy,
    Lookalike,
    Pinyin,
    Width,
    Split,
    Synonym,
    Traditional,
    Simplified,
    NumberForm,
)
