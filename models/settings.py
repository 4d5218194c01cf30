"""The base of every section of a recipe."""

import os
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _path(path: str) -> str:
    if not path.strip():
        raise ValueError("is empty")
    if control := CONTROL.search(path):
        raise ValueError(f"has the control character {control[0]!r}")
    return os.path.expanduser(path)


Mean = Literal["logits", "probabilities"]  # what is averaged over the members of an ensemble
ALL = -1  # the fold of a row that no member of an ensemble was trained without, or all were
Fraction = Annotated[float, Field(ge=0, le=1)]
Path = Annotated[StrictStr, AfterValidator(_path)]  # `~` is the user's folder


class Section(BaseModel):
    """Frozen settings; an unknown key, a NaN or an infinite number is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
