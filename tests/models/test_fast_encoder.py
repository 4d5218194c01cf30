"""The fast encoder against transformers' own, in float32 and bfloat16, for every kind it takes."""

import copy

import pytest
import torch
import transformers

from mashbill.models.fast_encoder import MODEL_TYPES, speed_up
from tests.models.random_models import random_model


def both(model, **inputs):
    """What the model says with its own encoder and with the fast one, and the latter."""
    fast_model = copy.deepcopy(model)
    fast = speed_up(fast_model)
    return (lambda: model(**inputs)), (lambda: fast_model(**inputs)), fast


@pytest.mark.parametrize("kind", sorted(MODEL_TYPES))
def test_states_are_those_of_the_encoder_it_replaces(kind, inputs):
    own, fast, _ = both(random_model(kind, "Model"), **inputs)
    there = inputs["attention_mask"].bool()
    expected, found = own().last_hidden_state[there], fast().last_hidden_state[there]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", sorted(MODEL_TYPES))
def test_a_classifier_needs_the_first_state_only(kind, inputs):
    own, fast, encoder = both(random_model(kind, "ForSequenceClassification"), **inputs)
    encoder.first_only = True
    torch.testing.assert_close(fast().logits, own().logits, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", sorted(MODEL_TYPES))
def test_a_masked_lm_needs_the_states_of_hidden_words_only(kind, inputs):
    own, fast, encoder = both(random_model(kind, "ForMaskedLM"), **inputs)
    encoder.places = torch.tensor([0, 0, 2, 3]), torch.tensor([1, 4, 0, 1])
    expected = own().logits[encoder.places]
    torch.testing.assert_close(fast().logits[0], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "relu", "silu"])
def test_bfloat16_is_no_further_from_float32_than_the_encoder_it_replaces(activation, inputs):
    head = "ForSequenceClassification"
    exact = random_model("bert", head, hidden_act=activation)(**inputs).logits
    rough = random_model("bert", head, torch.bfloat16, hidden_act=activation)
    own, fast, _ = both(rough, **inputs)
    error, usual = ((f().logits.float() - exact).abs().max().item() for f in (fast, own))
    assert error <= 1.5 * usual + 0.01


def test_other_kinds_keep_their_own_encoder():
    config = transformers.DistilBertConfig(vocab_size=60, dim=32, n_layers=1, n_heads=4)
    model = transformers.DistilBertForSequenceClassification(config)
    before = model.base_model
    assert speed_up(model) is None
    assert model.base_model is before


def test_so_do_decoders():
    assert speed_up(random_model("bert", "Model", is_decoder=True)) is None
