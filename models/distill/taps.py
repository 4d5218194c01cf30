"""Listens to what passes through chosen modules of a model during one forward."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from models.errors import ModelError


class Tap:
    """Inputs and outputs of some modules, kept while it listens.

    Attributes:
        inputs, outputs: name to the module's first argument and to its (first) result, as they
            were in the last forward that was listened to.
    """

    def __init__(self, modules: Mapping[str, torch.nn.Module]):
        self._modules = modules
        self.inputs: dict[str, torch.Tensor] = {}
        self.outputs: dict[str, torch.Tensor] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        handles = [
            module.register_forward_hook(self._keep(name)) for name, module in self._modules.items()
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _keep(self, name: str):
        def hook(_module, arguments, result):
            self.inputs[name] = arguments[0] if arguments else None
            self.outputs[name] = result[0] if isinstance(result, tuple) else result

        return hook


def output_layer(model: PreTrainedModel) -> torch.nn.Linear:
    """The layer that makes a classifier's logits; what goes in is the sentence vector.

    Raises ModelError if there is none, or the vector of a row is not all that it sees.
    """
    classes = model.config.num_labels
    linear = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    layers = [layer for layer in linear if layer.out_features == classes]
    if not layers:
        raise ModelError(f"{type(model).__name__} has no linear layer that makes its logits")
    return layers[-1]


def unwrapped(model: torch.nn.Module) -> PreTrainedModel:
    """The model itself, without what distributed training wraps around it."""
    return getattr(model, "module", model)
