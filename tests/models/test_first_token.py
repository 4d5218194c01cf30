"""A last block that goes on with the first token alone: same logits, same gradients."""

import pytest
import torch

from mashbill.models.fast_encoder import MODEL_TYPES
from mashbill.models.first_token import last_block_for_first_token
from tests.models.random_models import random_model


def logits_and_gradients(model, inputs):
    logits = model(**inputs).logits
    model.zero_grad()
    logits.square().sum().backward()
    return logits.detach(), {name: p.grad for name, p in model.named_parameters()}


@pytest.mark.parametrize("kind", sorted(MODEL_TYPES))
def test_logits_and_gradients_stay_what_they_were(kind, inputs):
    model = random_model(kind, "ForSequenceClassification").requires_grad_(True)
    logits, gradients = logits_and_gradients(model, inputs)
    with last_block_for_first_token(model):
        found, others = logits_and_gradients(model, inputs)
    torch.testing.assert_close(found, logits, atol=1e-5, rtol=1e-5)
    assert gradients.keys() == others.keys()
    for name, gradient in gradients.items():
        if gradient is not None:
            torch.testing.assert_close(others[name], gradient, atol=1e-4, rtol=1e-4, msg=name)


def test_it_is_less_work_and_ends_with_the_block(inputs):
    model = random_model("bert", "ForSequenceClassification")
    shapes = []
    model.base_model.encoder.layer[-1].intermediate.register_forward_hook(
        lambda _, args, __: shapes.append(tuple(args[0].shape))
    )
    with last_block_for_first_token(model):
        model(**inputs)
    model(**inputs)
    assert shapes == [(4, 1, 32), (4, 12, 32)]
