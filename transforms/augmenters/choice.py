"""How a word is drawn from the candidates for a place."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mashbill.transforms.augmenters.masking import Limit

if TYPE_CHECKING:
    import torch

    from mashbill.models.masked_lm import Choose


class Choice(NamedTuple):
    """How a word is drawn for each place.

    Attributes:
        limits: of the candidates.
        seeds: of the texts, uint64 [places].
        places: in their texts, int64 [places].
        how: the other arguments of `sampling.draw`.
    """

    limits: Sequence[Limit]
    seeds: np.ndarray
    places: np.ndarray
    how: Mapping[str, Any]

    def on(self, device: "torch.device", also: "torch.Tensor | None" = None) -> "Choose":
        """For `MaskedLM.fill`, on the device of the candidates.

        Args:
            also: a further limit, bool [places, candidates].
        """
        from mashbill.models.batching import to_device
        from mashbill.models.sampling import draw

        limits = [
            (to_device(table, device), to_device(wanted, device), equal)
            for table, wanted, equal in self.limits
        ]
        seeds, places = (
            to_device(column.view(np.int64), device) for column in (self.seeds, self.places)
        )

        def choose(
            at: "torch.Tensor", numbers: "torch.Tensor", logits: "torch.Tensor"
        ) -> tuple["torch.Tensor"]:
            fits = ~logits.isnan() if also is None else also[at]
            for table, wanted, equal in limits:
                fits = fits & ((table[numbers] == wanted[at, None]) == equal)
            return (draw(numbers, logits, fits, seeds[at], places[at], **self.how),)

        return choose
