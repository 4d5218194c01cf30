"""Every filter by its kind, and filters from what a recipe says."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Discriminator,
    SerializeAsAny,
    Tag,
    ValidationError,
    WithJsonSchema,
)

from mashbill.models.errors import MashbillError
from mashbill.models.plugins import Registry
from mashbill.transforms.filters.base import Filter
from mashbill.transforms.filters.confidence import MinConfidence
from mashbill.transforms.filters.length import Length
from mashbill.transforms.filters.near_duplicate import NearDuplicate
from mashbill.transforms.filters.similarity import MinSimilarity
from mashbill.transforms.filters.synthetic import MaxSynthetic
from mashbill.transforms.filters.teacher_agrees import TeacherAgrees

OTHERS = "any that a package adds"  # the tag of these in the union
KINDS = (Length, NearDuplicate, MinSimilarity, MaxSynthetic, TeacherAgrees, MinConfidence)


def _kind(one: type[Filter]) -> str:
    return one.model_fields["kind"].default


FILTERS = Registry("mashbill.filters", Filter, {_kind(one): one for one in KINDS}, _kind)


def _tag(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    if not isinstance(kind, str):
        return None
    return OTHERS if kind not in FILTERS.own and kind in FILTERS else kind


def _of_package(value: Any) -> Filter:
    if isinstance(value, Filter):
        return value
    kind = value["kind"]
    try:
        return FILTERS[kind].model_validate(value)
    except MashbillError as error:
        raise ValueError(str(error)) from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "parameters"
        raise ValueError(f"{kind}{FILTERS.origin(kind)}: {key}: {first['msg']}") from None


AnyFilter = Annotated[
    Annotated[Length, Tag("length")]
    | Annotated[NearDuplicate, Tag("near_duplicate")]
    | Annotated[MinSimilarity, Tag("similarity")]
    | Annotated[MaxSynthetic, Tag("synthetic")]
    | Annotated[TeacherAgrees, Tag("teacher_agrees")]
    | Annotated[MinConfidence, Tag("confidence")]
    | Annotated[
        SerializeAsAny[Filter],
        BeforeValidator(_of_package),
        WithJsonSchema(
            {
                "type": "object",
                "title": OTHERS,
                "properties": {"kind": {"type": "string", "not": {"enum": list(FILTERS.own)}}},
                "required": ["kind"],
            }
        ),
        Tag(OTHERS),
    ],
    Discriminator(_tag),
]
