"""The name that equal settings have."""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from mashbill.transforms.addresses import all_without_secrets


def fingerprint(settings: dict[str, Any]) -> str:
    """128-bit hex of what JSON makes of the settings, keys in order.

    A new password or signature in an address is no new setting.
    """
    canonical = orjson.dumps(all_without_secrets(settings), option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(canonical, digest_size=16).hexdigest()


def weights_of(weights: Sequence[str | None], **how: Any) -> str | None:
    """One hash of the weights of a teacher's members, and of how they answer together; None while
    one of them is not there."""
    if len(weights) == 1 or None in weights:
        return weights[0] if len(weights) == 1 else None
    return fingerprint({"weights": list(weights), **how})
