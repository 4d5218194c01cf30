import torch
from transformers import AutoModelForSequenceClassification

from mashbill.models.training import attention_that_learns_fast


def test_attention_is_exchanged_for_a_block_and_answers_the_same(tiny_classifier):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_classifier)
    ids = torch.tensor([[2, 7, 8, 3], [2, 9, 3, 0]])
    before = model(ids, attention_mask=(ids > 0).long()).logits
    with attention_that_learns_fast(model):
        assert model.config._attn_implementation == "eager"
        torch.testing.assert_close(model(ids, attention_mask=(ids > 0).long()).logits, before)
    assert model.config._attn_implementation == "sdpa"
