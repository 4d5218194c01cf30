"""Vocabulary scores at chosen places only: elsewhere a masked LM's head is wasted work."""

import torch
from transformers import PreTrainedModel

Places = tuple[torch.Tensor, torch.Tensor]  # rows, columns


class MaskedPlaces:
    """Lets only chosen token states of a masked LM reach its head.

    The heads of masked language models look at one token at a time, so dropping the others
    changes nothing but the time; a hook behind the encoder does it for every architecture.
    """

    def __init__(self, model: PreTrainedModel):
        self._model = model
        self._places: Places | None = None
        model.base_model.register_forward_hook(self._select)

    def _select(self, _module, _args, output):
        if self._places is not None:
            output.last_hidden_state = output.last_hidden_state[self._places].unsqueeze(0)
        return output

    def logits(self, places: Places, **inputs: torch.Tensor) -> torch.Tensor:
        """Vocabulary scores, [places, outputs]; not for several threads at once."""
        self._places = places
        try:
            return self._model(**inputs, return_dict=True).logits[0]
        finally:
            self._places = None
