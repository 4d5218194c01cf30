"""Masked LMs of Chinese pieces: edits of whole words, at their places in the text."""

import pytest
import transformers

from mashbill.models.masked_lm import whole_words
from mashbill.models.model_folder import save_model
from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.contextual import Insert, Substitute
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.languages.registry import language_of
from tests.models.mixed_tokenizers import LINES, byte_bpe, unigram, wordpiece
from tests.models.random_models import seeded

TEXTS = [
    *LINES,
    "电脑 和 酒店",
    "　电脑很好　",
    "",
    "價格很差🦄，服務 very bad 也不错",
    "喜欢\n电脑",
]
MORE = (*LINES, *["电脑 酒店 服务 房间 屏幕 价格 喜欢 不错 干净 内容 北京 空调 工作"] * 20)
KINDS = {
    "bert": ("Bert", lambda: wordpiece(MORE)),
    "xlm-roberta": ("XLMRoberta", lambda: unigram(MORE)),
}


@pytest.fixture(scope="module", params=KINDS)
def mlm(request, tmp_path_factory):
    name, make = KINDS[request.param]
    tokenizer = make()
    config = getattr(transformers, f"{name}Config")(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=70,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = seeded(getattr(transformers, f"{name}ForMaskedLM"), config)
    folder = tmp_path_factory.mktemp(request.param)
    save_model(model, tokenizer, folder)
    return str(folder)


def test_pieces_within_a_text_are_words_where_no_space_stands():
    tokenizer = unigram(MORE)
    words, ids = whole_words(tokenizer)
    assert len(set(words)) == len(words)
    assert {"酒店", "服务", "good"} <= set(words)
    assert not any("▁" in word for word in words)
    for word, number in zip(words, ids, strict=True):
        token = tokenizer.convert_ids_to_tokens(number)
        assert token == word or (token == f"▁{word}" and (word.isascii() or word not in tokenizer))


def test_bytes_are_read_as_the_letters_that_they_make():
    words, _ = whole_words(byte_bpe())
    assert {"good", "这"} & set(words)
    assert not [word for word in words if set(word) & set("æåçèéÃĪĳ")]


@pytest.mark.parametrize("cls", [Substitute, Insert])
@pytest.mark.parametrize("language", ["zh", "any"])
def test_edits_stand_at_their_words(mlm, cls, language):
    pytest.importorskip("rjieba", reason="needs the extra zh")
    augmenter = cls(model=mlm, rate=0.8, min_p=0, top_k=20).in_language(language)
    found = augmenter.variants(Request(TEXTS, range(len(TEXTS))))
    known, made = language_of(language), 0
    for text, variant in zip(TEXTS, found, strict=True):
        assert apply(text, variant.edits) == variant.text
        assert not set(variant.text) & set("▁\ufffd")
        for start, end, new in variant.edits:
            made += 1
            assert known.is_word(new.strip())
            assert new != text[start:end]
            if cls is Substitute:
                assert not set(text[start:end]) & set(" 　，。！🦄\n▁")
                assert len(new) > 1 or end - start == 1 or language == "any"
            else:
                assert start == end
                assert new.endswith(" ") == text[start - 1].isspace()
    assert made > 3


def test_a_row_does_not_depend_on_its_neighbours(mlm):
    pytest.importorskip("rjieba", reason="needs the extra zh")
    augmenter = Substitute(model=mlm, rate=0.5, min_p=0).in_language("zh")
    seeds = list(range(len(TEXTS)))
    together = augmenter.augment_batch(Request(TEXTS, seeds))
    assert together == augmenter.augment_batch(Request(TEXTS[::-1], seeds[::-1]))[::-1]
