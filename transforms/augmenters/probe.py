"""A look at whether an augmenter finds its tables, before hours are spent."""

import logging

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.base import Augmenter

PROBE = "An old film, and it's a good one."  # makes an augmenter load its tables


def try_augmenter(augmenter: Augmenter) -> None:
    """Raises MashbillError for an augmenter that lacks its tables."""
    try:
        augmenter.augment(PROBE, seed=0)
    except MashbillError:
        raise
    except Exception as error:  # a fault with one text is that text's reject, not the run's end
        logging.getLogger(__name__).debug("%s failed on the probe", augmenter.label, exc_info=error)
