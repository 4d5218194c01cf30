import pytest
from transformers import AutoTokenizer, RobertaTokenizerFast

from mashbill.models.condition import LabelCondition, condition_labels
from mashbill.models.errors import ModelError


def test_the_label_stands_as_the_tokenizer_puts_a_second_text(tiny_mlm):
    tokenizer = AutoTokenizer.from_pretrained(tiny_mlm)
    condition = LabelCondition(tokenizer, ["bad", "very_good"])
    row = tokenizer("the movie")["input_ids"]
    for label, name in enumerate(["bad", "very good"]):
        pair = tokenizer("the movie", name)
        ids, types = condition.told(row, label)
        assert (ids, types) == (pair["input_ids"], pair["token_type_ids"])
        assert len(ids) - len(row) <= condition.extra == 3


def test_a_tokenizer_without_types_gives_none():
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "a", "b"]
    tokenizer = RobertaTokenizerFast(vocab={t: i for i, t in enumerate(tokens)}, merges=[])
    condition = LabelCondition(tokenizer, ["b"])
    pair = tokenizer("a", "b")["input_ids"]
    assert condition.told(tokenizer("a")["input_ids"], 0) == (pair, [0] * len(pair))


def test_a_config_may_know_of_labels():
    assert condition_labels("m", {}) is None
    assert condition_labels("m", {"condition_labels": ["bad", "good"]}) == ("bad", "good")
    with pytest.raises(ModelError, match=r"m/config\.json: condition_labels must be a list"):
        condition_labels("m", {"condition_labels": {"0": "bad"}})
