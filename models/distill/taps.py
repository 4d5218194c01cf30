"""Listens to what passes through chosen modules of a model during one forward."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch.nn import Linear, Module, ModuleList
from transformers import PreTrainedModel

from mashbill.models.errors import ModelError

ATTENTION_PARTS = {
    "query": ("query", "q_lin", "q_proj", "q"),
    "key": ("key", "k_lin", "k_proj", "k"),
    "value": ("value", "v_lin", "v_proj", "v"),
}


class Tap:
    """Inputs and outputs of some modules, kept while it listens.

    By name, `inputs` has a module's first argument and `outputs` its (first) result in the last
    forward that was listened to: float32, as the weights are to which they may be given outside the
    model's autocast.
    """

    def __init__(self, modules: Mapping[str, Module]):
        self._modules = dict(modules)
        self.inputs: dict[str, torch.Tensor] = {}
        self.outputs: dict[str, torch.Tensor] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        handles = [
            module.register_forward_hook(self._keep(name), with_kwargs=True)
            for name, module in self._modules.items()
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _keep(self, name: str):
        def hook(_module, arguments, named, result):
            self.inputs[name] = (*arguments, *named.values())[0].float()
            self.outputs[name] = (result[0] if isinstance(result, tuple) else result).float()

        return hook


class Tapped(NamedTuple):
    """A classifier and the tap on its modules."""

    model: Module
    tap: Tap

    @property
    def bare(self) -> PreTrainedModel:
        """The model itself, without what distributed training wraps around it."""
        return getattr(self.model, "module", self.model)

    def logits(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """On any inputs, float32 [rows, classes]."""
        return self.model(**inputs).logits.float()


def encoder_layers(model: PreTrainedModel) -> ModuleList:
    """The transformer blocks, first to last; raises ModelError where they are not to be found."""
    depth = model.config.num_hidden_layers
    for module in model.base_model.modules():
        if isinstance(module, ModuleList) and len(module) == depth:
            return module
    raise ModelError(f"{type(model).__name__} has no list of its {depth} layers")


def attention_part(layer: Module, part: str) -> Linear:
    """The projection to a block's queries, keys or values (`part` is a key of ATTENTION_PARTS)."""
    for name, module in layer.named_modules():
        if isinstance(module, Linear) and name.rpartition(".")[2] in ATTENTION_PARTS[part]:
            return module
    raise ModelError(f"{type(layer).__name__} has no projection to {part} vectors")
