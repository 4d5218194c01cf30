"""The share of places that are edited: a number, or a range that each text draws from."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, WithJsonSchema, WrapValidator


def _one_or_range(value: Any, one: Callable[[Any], float]) -> float | tuple[float, float]:
    if not isinstance(value, list | tuple):
        return one(value)
    if len(value) != 2 or one(value[0]) > one(value[1]):
        raise ValueError("a range must be [low, high]")
    return one(value[0]), one(value[1])


_SHARE, _PAIR = {"type": "number", "minimum": 0, "maximum": 1}, {"minItems": 2, "maxItems": 2}

Rate = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="share of the eligible places that are edited; 0 for none; [low, high] draws "
        "it for each text",
    ),
    WrapValidator(_one_or_range),
    PlainSerializer(lambda rate: rate),
    WithJsonSchema({"anyOf": [_SHARE, {"type": "array", "items": _SHARE, **_PAIR}]}),
]
