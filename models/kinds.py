"""A section of a recipe that is one of several kinds, ours or a package's."""

from collections.abc import Mapping
from typing import Annotated, Any, Union

from pydantic import (
    BaseModel,
    Discriminator,
    GetJsonSchemaHandler,
    SerializeAsAny,
    Tag,
    ValidationError,
    WrapValidator,
)
from pydantic_core import core_schema

from mashbill.models.errors import MashbillError, words_of
from mashbill.models.plugins import Registry

OTHERS = "any that a package adds"  # the tag of these in a union


def kind_of(section: type[BaseModel]) -> str:
    """What a class calls itself: the default of its key `kind`."""
    return section.model_fields["kind"].default


def one_of(registry: Registry) -> Any:
    """The type of a section that is one of these classes, told apart by `kind`."""
    own = [Annotated[section, Tag(kind)] for kind, section in registry.own.items()]
    others = _Others(registry)
    other = Annotated[
        SerializeAsAny[registry.base], WrapValidator(others.validate), others, Tag(OTHERS)
    ]
    return Annotated[Union[(*own, other)], Discriminator(others.tag)]


class _Others:
    """What pydantic asks of the kinds that packages add."""

    def __init__(self, registry: Registry):
        self.registry = registry

    def tag(self, value: Any) -> str | None:
        kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
        if not isinstance(kind, str):
            return None
        return OTHERS if kind not in self.registry.own and kind in self.registry else kind

    def validate(self, value: Any, handler: Any) -> BaseModel:
        del handler  # it knows no more than the base class
        if isinstance(value, self.registry.base):
            return value
        kind = value["kind"]
        try:
            return self.registry[kind].model_validate(value)
        except MashbillError as error:
            raise ValueError(str(error)) from None
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"])) or "parameters"
            origin = self.registry.origin(kind)
            raise ValueError(f"{kind}{origin}: {key}: {words_of(first)}") from None

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Those that are installed, and room for others, which this schema cannot know."""
        del schema
        unknown = {
            "type": "object",
            "title": OTHERS,
            "properties": {"kind": {"type": "string", "not": {"enum": list(self.registry)}}},
            "required": ["kind"],
        }
        installed = [_named(self.registry[name]) for name in self.registry.added()]
        if not installed:
            return unknown
        return {
            "anyOf": [handler(core_schema.union_schema([one])) for one in installed] + [unknown]
        }


def _named(section: type[BaseModel]) -> core_schema.CoreSchema:
    """Its schema with a reference, by which JSON Schema gives it a place of its own."""
    reference = f"{section.__module__}.{section.__qualname__}:{id(section)}"
    return {**section.__pydantic_core_schema__, "ref": reference}
