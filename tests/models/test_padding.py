"""Positions that a text may have, which in the descendants of RoBERTa begin behind the padding."""

import pytest
from transformers import CONFIG_MAPPING

from mashbill.models.loading import length_limit
from tests.conftest import tiny_tokenizer


@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    [
        ("bert", {"max_position_embeddings": 512}, 512),
        ("mpnet", {"max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ("mpnet", {"max_position_embeddings": 514, "pad_token_id": 0}, 512),  # always from 2
        ("roberta", {"max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ("longformer", {"max_position_embeddings": 4098, "pad_token_id": 1}, 4096),
        ("data2vec-text", {"max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ("mpt", {"max_seq_len": 2048}, 2048),
        ("gpt2", {"n_positions": 1024}, 1024),
        ("xlnet", {}, 9999),  # says -1: any
        ("bloom", {}, 9999),
    ],
)
def test_a_text_has_as_many_tokens_as_the_model_has_positions(kind, settings, expected):
    tokenizer = tiny_tokenizer()
    tokenizer.model_max_length = 100_000
    assert length_limit(CONFIG_MAPPING[kind](**settings), tokenizer, 9999) == expected
    assert length_limit(CONFIG_MAPPING[kind](**settings), tokenizer, 8) == 8
