"""How a recipe names a language model of a server."""

import os
import re
from collections.abc import Iterable
from typing import Any

from pydantic import Field, StrictStr, field_validator

from mashbill.models.errors import ModelError
from mashbill.models.settings import Path, Section

# What decides how answers are fetched, and nothing of what they say.
FETCHING = frozenset(
    ("key_from", "timeout", "concurrency", "attempts", "max_requests", "max_tokens", "cache")
)


class Endpoint(Section):
    """A model that a server has."""

    url: StrictStr = Field(description="address, up to and with `/v1`")
    model: StrictStr = Field(min_length=1, description="name of the model on the server")
    key_from: StrictStr | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="environment variable that holds the key; null if the server wants none",
    )
    timeout: float = Field(120, gt=0, description="seconds that an answer may take")
    concurrency: int = Field(
        8, ge=1, le=256, description="requests under way at a time, per worker"
    )
    attempts: int = Field(
        8, ge=1, description="for one request, while the server is busy or cannot be reached"
    )
    max_requests: int | None = Field(
        None,
        ge=1,
        description="requests after which a run stops, those of all its workers on one machine; "
        "the same command resumes it",
    )
    max_tokens: int | None = Field(
        None, ge=1, description="the same for tokens, prompts and answers together"
    )
    cache: Path | None = Field(
        None,
        description="file of the answers so far, so that nothing is paid for twice; by default one "
        "in the user's cache folder",
    )

    def key(self) -> str | None:
        """Raises ModelError if the variable that should hold it is not set."""
        if self.key_from is None:
            return None
        if not (key := os.environ.get(self.key_from)):
            raise ModelError(
                f"{self.url}: the environment variable {self.key_from} is not set; it has to hold "
                "the key"
            )
        return key

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not re.match(r"https?://[^\s/@]+(/\S*)?$", url):
            raise ValueError("is no address such as https://example.org/v1, without user or key")
        return url.rstrip("/")


def check_keys(endpoints: Iterable[Endpoint]) -> None:
    """Raises ModelError for the first whose key is not there."""
    for endpoint in endpoints:
        endpoint.key()


def without_fetching(settings: Any) -> Any:
    """Settings, without what their endpoints have of `FETCHING`: with more of it, a run resumes."""
    if isinstance(settings, list | tuple):
        return [without_fetching(one) for one in settings]
    if not isinstance(settings, dict):
        return settings
    return {
        key: {name: one for name, one in value.items() if name not in FETCHING}
        if key == "endpoint" and isinstance(value, dict)
        else without_fetching(value)
        for key, value in settings.items()
    }
