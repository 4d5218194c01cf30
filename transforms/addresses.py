"""Addresses as they may be shown and stored: without user info, and without secrets in a query."""

import re
from typing import Any

SHOWN = ("split", "config", "revision")  # of a query; every other value may be a key or a signature
# pathlib makes one slash of the two
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+:/{1,2})([^\s'\"<>]*)")
_VALUE = re.compile(r"([?&]([^=&\s]+)=)[^&\s,;:()\[\]]*")


def without_secrets(text: str) -> str:
    """The text with what is secret in its addresses replaced by three dots."""
    return _ADDRESS.sub(_shown, text) if ":/" in text else text


def _shown(match: re.Match) -> str:
    scheme, rest = match.groups()
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        authority = "…@" + authority.rpartition("@")[2]
    whole = scheme + authority + slash + path
    return _VALUE.sub(lambda m: m[0] if m[2] in SHOWN else f"{m[1]}…", whole)


def all_without_secrets(value: Any) -> Any:
    """A JSON value with every text and key in it shown so."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {without_secrets(k): all_without_secrets(v) for k, v in value.items()}
    return [all_without_secrets(v) for v in value] if isinstance(value, list | tuple) else value
