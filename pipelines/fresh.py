"""The fresh noise of a recipe, ready to be made."""

from typing import TYPE_CHECKING

import numpy as np

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.probe import try_augmenter

if TYPE_CHECKING:
    from mashbill.models.distill.dataset import SoftLabelled
    from mashbill.models.distill.fresh import Fresh
    from mashbill.pipelines.recipe import Recipe

KEY = "distill.data.fresh"


def fresh_of(recipe: "Recipe", data: "SoftLabelled | None") -> "Fresh | None":
    """How the training of the recipe's student makes variants; None where it makes none.

    Args:
        data: whose held-out texts no variant may equal; None if nothing will be made.

    Raises:
        MashbillError: an augmenter lacks its tables, or the data set has no sources.
    """
    from mashbill.models.distill.fresh import Fresh
    from mashbill.transforms.fresh import FreshVariants, held_out_hashes

    section = recipe.distill.data.fresh
    if section is None:
        return None
    methods = recipe.fresh_methods()
    for place, method in enumerate(methods):
        try:
            try_augmenter(method.augmenter())
        except MashbillError as error:
            raise MashbillError(f"{KEY}.methods.{place}: {error}") from None
    if data is not None and not data.splits["train"].sources:
        raise MashbillError(f"{KEY}: {data.folder} has no sources in train to make variants of")
    held_out = np.empty(0, np.uint64) if data is None else held_out_hashes(data)
    noise = FreshVariants(methods, section.fields, held_out, recipe.seed, recipe.task)
    return Fresh(noise, tuple(section.labels), section.live)
