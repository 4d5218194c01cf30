"""The name that equal settings have."""

import hashlib
from typing import Any

import orjson


def fingerprint(settings: dict[str, Any]) -> str:
    """128-bit hex of what JSON makes of the settings, keys in order."""
    canonical = orjson.dumps(settings, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(canonical, digest_size=16).hexdigest()
