import json
import shutil

import numpy as np
import pytest
import torch
import transformers

from mashbill.models.checks import check_classifier
from mashbill.models.classifier import Classifier
from mashbill.models.errors import ModelError
from mashbill.models.loading import load_model, load_tokenizer, tokenizer_hash, weight_hash
from mashbill.models.tasks.registry import single
from tests.models.configurations import set_config

LABELS = ["negative", "positive"]


def test_hashes_tell_content(tiny_classifier, tiny_mlm, copy):
    assert weight_hash(str(copy)) == weight_hash(str(tiny_classifier))
    assert weight_hash(str(tiny_mlm)) != weight_hash(str(tiny_classifier))
    assert tokenizer_hash(str(copy)) == tokenizer_hash(str(tiny_mlm))
    assert len(weight_hash(str(copy))) == len(tokenizer_hash(str(copy))) == 32


def test_weights_of_half_a_precision_are_loaded_whole(tiny_classifier, tmp_path):
    auto = transformers.AutoModelForSequenceClassification
    auto.from_pretrained(tiny_classifier, dtype="float16").save_pretrained(tmp_path)
    shutil.copy(tiny_classifier / "tokenizer.json", tmp_path)
    loaded = load_model(str(tmp_path), auto)
    assert {weights.dtype for weights in loaded.parameters()} == {torch.float32}
    assert loaded.config.dtype == torch.float32
    asked = load_model(str(tmp_path), auto, dtype=torch.bfloat16)
    assert {weights.dtype for weights in asked.parameters()} == {torch.bfloat16}


def test_a_tokenizer_that_is_larger_than_the_model_is_refused(copy):
    tokens = json.loads((copy / "config.json").read_text())["vocab_size"]
    set_config(copy, vocab_size=tokens - 1)
    with pytest.raises(ModelError, match=f"has {tokens} tokens.* only {tokens - 1}"):
        check_classifier(str(copy), single(LABELS))
    set_config(copy, vocab_size=tokens + 1)
    check_classifier(str(copy), single(LABELS))


@pytest.fixture
def unpadded(copy):
    """Its tokenizer names no padding token."""
    path = copy / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    del settings["pad_token"]
    path.write_text(json.dumps(settings))
    return copy


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"pad_token_id": 4, "eos_token_id": 3}, "[MASK]"),
        ({"pad_token_id": None, "eos_token_id": 3}, "[SEP]"),
        ({"pad_token_id": -1, "eos_token_id": 3}, "[SEP]"),
    ],
)
def test_a_missing_padding_token_is_the_models_or_the_end_of_text(unpadded, settings, expected):
    set_config(unpadded, **settings)
    tokenizer = load_tokenizer(str(unpadded))
    assert tokenizer.pad_token == expected
    loaded = load_model(str(unpadded), transformers.AutoModelForSequenceClassification)
    assert loaded.config.pad_token_id == tokenizer.pad_token_id


def test_without_anything_to_pad_with_a_model_is_refused(unpadded):
    set_config(unpadded, pad_token_id=None, eos_token_id=None)
    with pytest.raises(ModelError, match=r"no padding token.*set pad_token") as caught:
        check_classifier(str(unpadded), single(LABELS))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pad", [None, "[MASK]"])
def test_a_decoder_gives_a_text_the_same_logits_alone_and_padded(unpadded, tmp_path, pad):
    tokenizer = load_tokenizer(str(unpadded))
    tokenizer.pad_token, tokenizer.eos_token = pad, "[SEP]"
    tokenizer.save_pretrained(tmp_path / "gpt")
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=2, n_positions=64,
        eos_token_id=3, bos_token_id=2, initializer_range=0.3,
    )  # fmt: skip
    transformers.GPT2ForSequenceClassification(config).save_pretrained(tmp_path / "gpt")
    model = Classifier(str(tmp_path / "gpt"), 32, "fp32", "cpu")
    texts = ["the movie was good", "dull", "a great film and the story was slow but warm"]
    alone = np.concatenate([model.logits([text]) for text in texts])
    np.testing.assert_allclose(model.logits(texts), alone, atol=1e-5)
