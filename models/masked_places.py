"""Vocabulary scores at chosen places only: elsewhere a masked LM's head is wasted work."""

import torch
from transformers import PreTrainedModel

from mashbill.models.fast_encoder import FastEncoder, Places


class MaskedPlaces:
    """Lets only chosen token states of a masked LM reach its head.

    The heads of masked language models look at one token at a time, so dropping the others
    changes nothing but the time. A fast encoder drops them in its last block; behind any other, a
    hook does.
    """

    def __init__(self, model: PreTrainedModel, fast: FastEncoder | None = None):
        self._model = model
        self._fast = fast
        self._places: Places | None = None
        if fast is None:
            model.base_model.register_forward_hook(self._select)

    def _select(self, _module, _args, output):
        if self._places is not None:
            output.last_hidden_state = output.last_hidden_state[self._places].unsqueeze(0)
        return output

    def logits(self, places: Places, **inputs: torch.Tensor) -> torch.Tensor:
        """Vocabulary scores, [places, outputs]; not for several threads at once."""
        self._choose(places)
        try:
            return self._model(**inputs, return_dict=True).logits[0]
        finally:
            self._choose(None)

    def _choose(self, places: Places | None) -> None:
        if self._fast is None:
            self._places = places
        else:
            self._fast.places = places
