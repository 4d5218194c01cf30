"""From a YAML file and `--set` overrides to a Recipe, with errors that help to mend the file."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from mashbill.models.errors import MashbillError
from mashbill.pipelines.recipe import Recipe

Location = tuple[str | int, ...]


class RecipeError(MashbillError):
    """The recipe cannot be used; the message has a line for each key at fault."""

    exit_code = 2


def load_recipe(path: str, overrides: Iterable[str] = ()) -> Recipe:
    """Reads, overrides and checks a recipe.

    Args:
        path: a YAML file.
        overrides: `a.b=value` each; the value is read as YAML, a number in the key is a position.

    Raises:
        RecipeError: names file, line, key, value, what is allowed and the nearest right spelling.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_repeated_keys(path, root)
        settings = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise RecipeError(f"{path}{where}: {getattr(error, 'problem', error)}") from None
    if not isinstance(settings, dict):
        raise RecipeError(f"{path}: a recipe is a mapping of keys, not {settings!r}")
    for override in overrides:
        _override(settings, override)
    try:
        return Recipe.model_validate(settings)
    except ValidationError as error:
        lines = {_line(path, root, problem) for problem in error.errors()}
        raise RecipeError("\n".join(sorted(lines))) from None


def _nodes(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _nodes(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _nodes(value)


def _refuse_repeated_keys(path: str, root: yaml.Node | None) -> None:
    for mapping in _nodes(root):
        seen = set()
        for key, _ in mapping.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise RecipeError(f"{path}:{line}: {key.value}: the key stands here twice")
            seen.add(key.value)


def _override(settings: dict, override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {override}: expected KEY=VALUE, such as augment.copies=2")
    *parents, last = key.split(".")
    here: Any = settings
    try:
        value = yaml.safe_load(text)
        for name in parents:
            here = here[int(name)] if isinstance(here, list) else here.setdefault(name, {})
        if isinstance(here, list):
            here[int(last)] = value
        else:
            here[last] = value
    except (yaml.YAMLError, TypeError, ValueError, IndexError, AttributeError):
        raise RecipeError(f"--set {override}: no such place in the recipe") from None


def _line(path: str, root: yaml.Node, problem: dict) -> str:
    location = tuple(problem["loc"])
    key = ".".join(map(str, location)) or "recipe"
    line = _line_number(root, location)
    where = f"{path}:{line}" if line else path
    return f"{where}: {key}: {_explain(problem, location)}"


def _line_number(node: yaml.Node, location: Sequence[str | int]) -> int | None:
    """The line of the deepest part of `location` that the file holds; None for an override."""
    line = None
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == part]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _explain(problem: dict, location: Location) -> str:
    kind, value = problem["type"], problem["input"]
    if kind == "missing":
        return "the key is missing"
    if kind == "extra_forbidden":
        allowed = _keys(_section(location[:-1]))
        return f"no such key{_nearest(location[-1], allowed)}; allowed: {', '.join(allowed)}"
    if kind == "literal_error":
        allowed = [str(a) for a in _choices(problem)]
        return f"{value!r} is not allowed{_nearest(value, allowed)}; allowed: {', '.join(allowed)}"
    if kind == "string_type":
        return f"{value!r} is no text; put it in quotes"
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    message = message[:1].lower() + message[1:]
    return message if isinstance(value, (dict, list, BaseModel)) else f"{value!r}: {message}"


def _choices(problem: dict) -> list[str]:
    return problem["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")


def _nearest(word: Any, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(str(word), allowed, n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _section(location: Location) -> type[BaseModel]:
    """The model class that holds the keys at `location`."""
    model: type[BaseModel] = Recipe
    for part in location:
        if isinstance(part, str):
            names = {field.alias or name: field for name, field in model.model_fields.items()}
            model = _model_in(names[part].annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
