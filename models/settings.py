"""The base of every section of a recipe."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Frozen settings; an unknown key, a NaN or an infinite number is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
