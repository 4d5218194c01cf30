"""The name that equal settings have."""

import hashlib
from typing import Any

import orjson

from mashbill.transforms.addresses import all_without_secrets


def fingerprint(settings: dict[str, Any]) -> str:
    """128-bit hex of what JSON makes of the settings, keys in order.

    A new password or signature in an address is no new setting.
    """
    canonical = orjson.dumps(all_without_secrets(settings), option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(canonical, digest_size=16).hexdigest()
