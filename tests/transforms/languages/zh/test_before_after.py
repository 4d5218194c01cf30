"""What each augmenter makes of a Chinese text: before, and everything that can come after."""

import pytest

from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.registry import AUGMENTERS, build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.languages.zh import packages

pytestmark = pytest.mark.skipif(not packages.is_installed(), reason="needs the extra zh")
SEEDS = range(300)


def variants(spec, text: str) -> set[str]:
    """Everything that the seeds make of the text at a rate of 1."""
    spec = {"use": spec} if isinstance(spec, str) else spec
    full = {"rate": 1.0} if "rate" in AUGMENTERS[spec["use"]].model_fields else {}
    edits = build({**full, **spec}, "zh").augment_batch(Request([text] * len(SEEDS), SEEDS))
    return {apply(text, some) for some in edits}


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ("typo.homophone", "必须", {"必需"}),
        ("typo.homophone", "的", {"得", "地"}),
        ({"use": "typo.homophone", "tone": True}, "在", {"再"}),
        ({"use": "typo.homophone", "unit": "character"}, "权利", None),
        ({"use": "typo.homophone", "unit": "character", "tone": True}, "再", {"在"}),
        ("typo.pinyin_fuzzy", "早餐", {"早产"}),
        ({"use": "typo.pinyin_fuzzy", "pairs": ["an_ang"]}, "早餐", ValueError),
        ({"use": "typo.pinyin_fuzzy", "pairs": ["ch_c"]}, "词", None),
        ("typo.pinyin_fuzzy", "大堂", {"打探", "大滩"}),
        ("typo.homophone", "选择", {"选择"}),
        ({"use": "typo.homophone", "unit": "either"}, "选择", None),
        ("typo.lookalike", "晴", {"睛", "清", "情", "请", "猜"}),
        ("typo.lookalike", "己", {"已", "弓"}),
        ("typo.pinyin", "朋友", {"pengyou"}),
        ({"use": "typo.pinyin", "form": "initials"}, "朋友", {"py"}),
        ("typo.pinyin", "行长", {"hangzhang"}),
        ("typo.pinyin", "旅行A", {"旅行A"}),
        ("typo.split", "好的", {"女子白勺"}),
        ("typo.width", "A，3.5！", {"Ａ,３．５!"}),
        ({"use": "typo.width", "mode": "half"}, "Ａ，b。", {"A,b."}),
        ({"use": "typo.width", "mode": "half"}, "1、6月，１、６", {"1、6月,1、6"}),
        ("typo.transpose", "喜欢", {"欢喜"}),
        ({"use": "typo.delete", "max_edits": 1}, "喜欢", {"喜", "欢"}),
        ("typo.delete", "喜欢", {"欢"}),
        ("typo.delete", "不好吃", {"不吃"}),
        ({"use": "typo.transpose", "max_edits": 1}, "研表明", {"表研明", "研明表"}),
        ({"use": "typo.transpose", "stopwords": ["研究"]}, "研究表明", {"研究明表"}),
        ("typo.transpose", "三十五本A书", {"三十五本A书"}),
        ("typo.repeat", "喜欢", {"喜喜欢欢"}),
        ("typo.insert", "好", {f"好{slip}" for slip in "的了是在有也就都个还很会要"}),
        ("typo.delete", "很pc的", {"p的", "c的"}),
        ({"use": "typo.delete", "rate": 1}, "1G的AB", {"1G的A", "1G的B"}),
    ],
)  # fmt: skip
def test_typos(spec, before, after):
    if after is ValueError:
        with pytest.raises(Exception, match="'an_ang' is not a pair; allowed: zh_z"):
            variants(spec, before)
    elif after is None:
        assert all(len(variant) == len(before) for variant in variants(spec, before))
        assert variants(spec, before) != {before}
    else:
        assert variants(spec, before) == after


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ("synonym.zh", "喜欢这家饭店", {"喜爱这家饭馆"}),
        ("script.traditional", "头发和发现，5星级", {"頭髮和發現，5星級"}),
        ({"use": "script.traditional", "region": "taiwan_words"}, "软件", {"軟體"}),
        ({"use": "script.traditional", "region": "hong_kong"}, "里面", {"裏面"}),
        (
            {"use": "script.traditional", "protect_words": ["头发"]},
            "头发和头皮很乱",
            {"头发和頭皮很亂"},
        ),
        ("script.traditional", "\ud800里面，北京王府井", {"\ud800裏面，北京王府井"}),
        ("script.simplified", "頭髮乾淨", {"头发干净"}),
        ({"use": "script.simplified", "region": "taiwan_words"}, "軟體", {"软件"}),
        ("number.form", "买了3个，2次，200元", {"买了三个，两次，二百元"}),
        ("number.form", "2018年3月12日", {"二〇一八年三月十二日"}),
        ("number.form", "床不到1米2，任何一个", {"床不到1米2，任何一个"}),
        ("number.form", "二〇一八年十二月", {"2018年12月"}),
        ("number.form", "两个人，一百零五块", {"2个人，105块"}),
        ("number.form", "五六个，一点也不，万一，十分", {"五六个，一点也不，万一，十分"}),
        ("number.form", "版本3.5和15年", {"版本3.5和15年"}),
        ({"use": "number.form", "form": "formal"}, "3块和3个", {"叁块和3个"}),
        ({"use": "number.form", "form": "digits"}, "三个和3个", {"3个和3个"}),
    ],
)
def test_words(spec, before, after):
    assert variants(spec, before) == after


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ("edit.swap", "酒店早餐", {"早餐酒店"}),
        ("edit.swap", "用iphone", {"用iphone"}),
        ("edit.swap", "A的 B", {"A的 B"}),
        ({"use": "order.reverse", "window": None}, "A保健品（e-mail", {"A保健品（e-mail"}),
        ("edit.duplicate", "慢,3菜", {"慢慢,3菜"}),
        ({"use": "edit.delete", "max_edits": 1}, "iphone的android", {"iphone的", "的android"}),
        ({"use": "edit.delete", "max_edits": 1}, "酒店早餐", {"酒店", "早餐"}),
        ({"use": "edit.insert_punctuation", "marks": [","]}, "酒店早餐", {"，酒店，早餐"}),
        ("edit.duplicate", "酒店早餐", {"酒店酒店早餐早餐"}),
        ("edit.split", "酒店", {"酒 店"}),
        ({"use": "order.reverse", "window": None}, "酒店早餐。我喜欢", {"早餐酒店。喜欢我"}),
        ("edit.duplicate", "3个三十五种", {"3个三十五种"}),
    ],
)
def test_any_languages_augmenters_take_words(spec, before, after):
    assert variants(spec, before) == after
