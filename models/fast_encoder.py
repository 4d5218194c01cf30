"""BERT's encoder for inference: the same function in fewer and larger operations.

Query, key and value are one matrix product. The last block goes on only for the states that are
asked for: a classifier reads the first token's, a masked language model those of hidden words. In
bfloat16 on a CPU, weights lie in the order in which oneDNN multiplies them, and activation and
residual sum are part of the product, as in the code that torch.compile makes; without its half
minute of compiling (docs/measured/model-speed.md).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.nn.functional import linear, scaled_dot_product_attention
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions as Output

Places = tuple[torch.Tensor, torch.Tensor]  # rows, columns

MODEL_TYPES = frozenset({"bert", "roberta", "xlm-roberta", "camembert", "electra"})
FUSED_ACTIVATIONS = {"gelu": ("gelu", "none"), "gelu_new": ("gelu", "tanh"), "relu": ("relu", "")}


def speed_up(model: PreTrainedModel) -> "FastEncoder | None":
    """Puts a `FastEncoder` in the place of a frozen model's encoder, where its kind is known.

    The model's weights are consumed: it can no longer be trained or saved.
    """
    config, base = model.config, model.base_model
    known = config.model_type in MODEL_TYPES and config._attn_implementation == "sdpa"
    if not known or config.is_decoder or not config.num_hidden_layers:
        return None
    base.encoder = FastEncoder(base.encoder, config.num_attention_heads, config.hidden_act)
    return base.encoder


class FastEncoder(torch.nn.Module):
    """Stands in for the encoder of a BERT or RoBERTa.

    Attributes:
        first_only: whether only the first token's state of each row is wanted.
        places: the only states that are wanted, if set.
        blocks: first to last.
    """

    def __init__(self, encoder: torch.nn.Module, heads: int, activation: str):
        super().__init__()
        self.first_only = False
        self.places: Places | None = None
        self.blocks = [_block(layer, heads, activation) for layer in encoder.layer]

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, **_: Any
    ) -> Output:
        """States of the last block: [rows, tokens, width], [rows, 1, width] with `first_only`, or
        [1, places, width]."""
        states, attention_mask = hidden_states, _added(attention_mask, hidden_states.dtype)
        for block in self.blocks[:-1]:
            states = block(states, attention_mask, lambda x: x)
        return Output(self.blocks[-1](states, attention_mask, self._wanted))

    def _wanted(self, states: torch.Tensor) -> torch.Tensor:
        if self.places is not None:
            return states[self.places].unsqueeze(0)
        return states[:, :1] if self.first_only else states


def _added(mask: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor | None:
    """What may be looked at, as numbers to add; attention would make them anew in each block."""
    if mask is None or mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=dtype).masked_fill_(~mask, -torch.inf)


class Block(NamedTuple):
    """One layer: attention and feed-forward network, each with residual sum and layer norm after.

    Attributes:
        attend: states to query, key and value, side by side.
        merge, contract: products to which a residual is added.
        expand: a product with the activation behind it.
        norm, last_norm: layer norms.
    """

    heads: int
    attend: Callable
    merge: Callable
    norm: torch.nn.Module
    expand: Callable
    contract: Callable
    last_norm: torch.nn.Module

    def __call__(
        self, states: torch.Tensor, mask: torch.Tensor | None, wanted: Callable
    ) -> torch.Tensor:
        rows, tokens, width = states.shape
        parts = self.attend(states).view(rows, tokens, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = wanted(mixed.transpose(1, 2).reshape(rows, tokens, width))
        states = self.norm(self.merge(mixed, wanted(states)))
        return self.last_norm(self.contract(self.expand(states), states))


def _block(layer: torch.nn.Module, heads: int, activation: str) -> Block:
    own, merged = layer.attention.self, layer.attention.output
    projections = (own.query, own.key, own.value)
    weight = torch.cat([part.weight for part in projections])
    bias = torch.cat([part.bias for part in projections])
    pack = _packed if _packs(weight) else _plain
    return Block(
        heads,
        pack(weight, bias),
        pack(merged.dense.weight, merged.dense.bias, adds=True),
        merged.LayerNorm,
        _activated(pack, layer.intermediate, activation),
        pack(layer.output.dense.weight, layer.output.dense.bias, adds=True),
        layer.output.LayerNorm,
    )


def _packs(weight: torch.Tensor) -> bool:
    """Whether oneDNN's fused products are there for such a weight."""
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.bfloat16
        and torch.backends.mkldnn.is_available()
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )


def _plain(weight: torch.Tensor, bias: torch.Tensor, adds: bool = False) -> Callable:
    if adds:
        return lambda x, residual: linear(x, weight, bias) + residual
    return lambda x: linear(x, weight, bias)


def _packed(
    weight: torch.Tensor,
    bias: torch.Tensor,
    adds: bool = False,
    fused: tuple[str, str] = ("none", ""),
) -> Callable:
    ops = torch.ops.mkldnn
    ordered = ops._reorder_linear_weight(weight)
    if adds:
        return lambda x, residual: ops._linear_pointwise.binary(
            x.contiguous(), residual.contiguous(), ordered, bias, "add"
        )
    name, algorithm = fused
    return lambda x: ops._linear_pointwise(x.contiguous(), ordered, bias, name, [], algorithm)


def _activated(pack: Callable, intermediate: torch.nn.Module, activation: str) -> Callable:
    weight, bias = intermediate.dense.weight, intermediate.dense.bias
    if pack is _packed and activation in FUSED_ACTIVATIONS:
        return _packed(weight, bias, fused=FUSED_ACTIVATIONS[activation])
    product, activate = pack(weight, bias), intermediate.intermediate_act_fn
    return lambda x: activate(product(x))
