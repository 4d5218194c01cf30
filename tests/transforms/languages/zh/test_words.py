"""Words, numbers and dictionaries of Chinese texts."""

import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.protection import DEFAULT, guard
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.statistics import word_places, words_of
from mashbill.transforms.languages.registry import language_of
from mashbill.transforms.languages.zh import packages

pytestmark = pytest.mark.skipif(not packages.is_installed(), reason="needs the extra zh")


def cut(text: str, language: str = "zh") -> str:
    return "|".join(words_of([text], language)[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我觉得早餐不错，性价比很高！", "我|觉得|早餐|不错|性价比|很|高"),
        ("我觉得早餐不错", "我|觉得|早餐|不错"),
        ("頭髮乾淨", "頭髮|乾淨"),
        ("用iPhone 6s看can't懂的书", "用|iphone|6s|看|can't|懂|的|书"),
        ("\ud800很好\ud800喜欢", "很|好|喜欢"),
        ("", ""),
    ],
)
def test_words_are_the_segmenters_beside_those_of_other_scripts(text, words):
    assert cut(text) == words


def test_neighbours_in_a_batch_change_no_words():
    texts = ["北京", "大学生", "前来应聘"]
    assert words_of(texts, "zh") == [words_of([text], "zh")[0] for text in texts]


def test_a_masked_lm_learns_whole_words():
    texts = ["我觉得早餐不错", "", "A 酒店"]
    assert list(word_places("zh")(texts)) == [
        [(0, 1), (1, 3), (3, 5), (5, 7)],
        [],
        [(0, 1), (2, 4)],
    ]
    assert word_places("en") is None


def test_a_dictionary_adds_words(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("烟弹仓 1000 n\n奥利给\n", "utf-8-sig")
    assert cut("电子烟弹仓奥利给") == "电子|烟弹|仓|奥利|给"
    assert cut("电子烟弹仓奥利给", f"zh:{file}") == "电子|烟弹仓|奥利给"
    assert language_of(f"zh:{file}").name == "zh"
    assert build("edit.swap", f"zh:{file}").language.dictionary == str(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xb3\xe4\xd6\xb5\n", "words.txt:1: it is not UTF-8"),
        ("好\n卡 券 包\n".encode(), "words.txt:2: '卡 券 包' is not an entry: expected WORD"),
        (None, "words.txt: No such file or directory"),
    ],
)
def test_a_dictionary_that_is_none_names_the_line(tmp_path, content, message):
    file = tmp_path / "words.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(MashbillError, match=message):
        language_of(f"zh:{file}")


def test_english_takes_no_dictionary():
    with pytest.raises(MashbillError, match="language en takes no dictionary"):
        language_of("en:words.txt")


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("看了3遍，花了3.5万元", ["3遍", "3.5万元"]),
        ("第3个 5 kg和10多块钱", ["第3个", "5 kg", "10多块钱"]),
        ("去@张三 那里看#话题#很好", ["#话题#", "@张三"]),
        ("很好.我喜欢U.S.的", ["U.S."]),
        ("邮箱a@q.cn看http://t.cn/b，很好", ["http://t.cn/b", "a@q.cn", "q.cn", "t.cn/b"]),
        ("好:)很", [":)"]),
    ],
)  # fmt: skip
def test_what_is_protected_ends_where_chinese_begins(text, spans):
    found = [text[start:end] for start, end in guard(DEFAULT, ()).spans(text)]
    assert sorted(found) == sorted(spans)


def test_numbers_in_characters_stay_whole():
    augmenter = build({"use": "typo.delete", "rate": 1.0}, "zh")
    made = {apply("三百二十块", augmenter.augment("三百二十块", seed)) for seed in range(20)}
    assert made == {"三百二十块"}


def test_a_protected_word_is_found_between_characters():
    spec = {"use": "typo.lookalike", "rate": 1.0, "protect_words": ["天晴", "iphone"]}
    assert apply("今天晴己", build(spec, "zh").augment("今天晴己", 1)) in (
        "令天晴已",
        "今天晴已",
        "令天晴己",
    )


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MashbillError, match=r"needs the package jieba, .* 'mashbill\[zh\]'"):
        packages.file("jieba", "dict.txt")
