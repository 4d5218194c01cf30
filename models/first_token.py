"""A classifier's last block for the first token alone, while it is trained."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel

from mashbill.models.fast_encoder import MODEL_TYPES


@contextmanager
def last_block_for_first_token(*models: PreTrainedModel) -> Iterator[None]:
    """Within the block, the last transformer block of each classifier goes on behind its attention
    with the first token's state only, which is all that the heads of these kinds read.

    Logits and gradients stay what they were. Of other kinds, models are left as they are.
    """
    last = [m.base_model.encoder.layer[-1] for m in models if m.config.model_type in MODEL_TYPES]
    for layer in last:
        layer.forward = _first_token_forward(layer)
    try:
        yield
    finally:
        for layer in last:
            del layer.forward


def _first_token_forward(layer: torch.nn.Module):
    def forward(
        hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, *_: Any, **__: Any
    ) -> torch.Tensor:
        mixed = layer.attention.self(hidden_states, attention_mask)[0]
        state = layer.attention.output(mixed[:, :1], hidden_states[:, :1])
        return layer.feed_forward_chunk(state)

    return forward
