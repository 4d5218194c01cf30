"""The recipe for editors and readers: its JSON Schema, and a page of every key made from that."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mashbill.pipelines.markdown import templates
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.augmenters.registry import AUGMENTERS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Key(NamedTuple):
    """A key of a section. Attributes: `kind`, its type as a reader writes it."""

    name: str
    kind: str
    default: str
    about: str


def recipe_schema() -> dict[str, Any]:
    """The JSON Schema of a recipe; every augmenter has its own parameters."""
    schema = Recipe.model_json_schema(by_alias=True)
    schema["$defs"]["Method"] = _methods(schema["$defs"])
    return {"$schema": DIALECT, **schema, "title": "mashbill recipe"}


def _methods(definitions: dict[str, Any]) -> dict[str, Any]:
    """One way to make a variant: an augmenter's name and parameters; puts these among the rest."""
    share = definitions["Method"]["properties"]["share"]
    for name, kind in AUGMENTERS.items():
        own = kind.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        definitions |= own.pop("$defs", {})
        use = {"const": name, "description": "the augmenter"}
        definitions[name] = own | {
            "title": name,
            "properties": {"use": use, "share": share, **own.get("properties", {})},
            "required": ["use", *own.get("required", [])],
        }
    every = [{"$ref": f"#/$defs/{name}"} for name in AUGMENTERS]
    definitions["Part"] = {
        "description": "an augmenter inside another: its name, or a mapping of name and parameters",
        "anyOf": [{"enum": list(AUGMENTERS)}, *every],
    }
    for name in AUGMENTERS:
        if of := definitions[name]["properties"].get("of"):
            of["items"] = {"$ref": "#/$defs/Part"}
    return {
        "title": "Method",
        "description": definitions["Method"]["description"],
        "oneOf": every,
    }


def reference(schema: Mapping[str, Any]) -> str:
    """A page, in Markdown, of every section and key."""
    definitions = schema["$defs"]
    sections = {"recipe": schema} | {
        name: definitions[name]
        for name in _in_order(schema, definitions)
        if "properties" in definitions[name] and name not in AUGMENTERS
    }
    tables = [
        (name, section.get("description", ""), list(_keys(section)))
        for name, section in sections.items()
    ]
    return templates().get_template("reference.md").render(sections=tables)


def _in_order(section: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    """The sections below one, each where it is first named."""
    names: dict[str, None] = {}

    def look(part: Any) -> None:
        if isinstance(part, Mapping):
            name = str(part.get("$ref", "")).removeprefix("#/$defs/")
            if name and name not in names:
                names[name] = None
                look(definitions[name])
            for key, value in part.items():
                if key not in ("discriminator", "default"):
                    look(value)
        elif isinstance(part, list):
            for one in part:
                look(one)

    look(section.get("properties"))
    return list(names)


def _keys(section: Mapping[str, Any]) -> Iterator[Key]:
    required = section.get("required", ())
    for name, key in section["properties"].items():
        default = "" if name in required else _value(key.get("default"))
        yield Key(name, _kind(key), default, _one_line(key.get("description", "")))


def _kind(key: Mapping[str, Any]) -> str:
    """A type as a reader would say it: "number, 0 to 1", "list of text", "one of a, b"."""
    if "$ref" in key:
        return f"section {key['$ref'].removeprefix('#/$defs/')}"
    if "enum" in key or "const" in key:
        return "one of " + ", ".join(f"`{one}`" for one in key.get("enum", [key.get("const")]))
    for several in ("anyOf", "oneOf"):
        if several in key:
            kinds = [_kind(one) for one in key[several] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    kind = key.get("type")
    if kind == "array":
        inner = key.get("items") or next(iter(key.get("prefixItems", [])), {})
        return f"list of {_kind(inner)}"
    if kind == "object":
        inner = key.get("additionalProperties")
        return f"mapping to {_kind(inner)}" if isinstance(inner, Mapping) else "mapping"
    names = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    return f"{names.get(kind, kind or 'anything')}{_bounds(key)}"


def _bounds(key: Mapping[str, Any]) -> str:
    said = {
        "minimum": "at least {}",
        "exclusiveMinimum": "above {}",
        "maximum": "at most {}",
        "exclusiveMaximum": "below {}",
    }
    bounds = [text.format(key[name]) for name, text in said.items() if name in key]
    return f", {', '.join(bounds)}" if bounds else ""


def _value(default: Any) -> str:
    if default is None:
        return "none"
    if isinstance(default, Mapping):
        return ""  # a section says its own
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`".replace("'", "")


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
