"""What is wrong with a recipe, in the words of its file: a line for each key at fault."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

import yaml
from pydantic import BaseModel, ValidationError

from mashbill.models.errors import NOT_A, words_of
from mashbill.models.kinds import OTHERS
from mashbill.pipelines.recipe import Recipe

MOST = 20  # that are told at once
# How pydantic names the branches of a union in a location.
BRANCH = re.compile(
    r"(str|int|float|bool|list|tuple|dict|literal|function-[a-z]+|constrained-[a-z]+)(\[.*\])?",
    re.DOTALL,
)
Location = tuple[str | int, ...]


def faults(path: str, root: yaml.Node | None, error: ValidationError) -> list[str]:
    """`FILE:LINE: KEY: what is wrong, what is allowed`, sorted.

    Args:
        path: of the file.
        root: its tree, which knows the lines.
        error: of `Recipe.model_validate`.
    """
    found = _telling([_fault(problem) for problem in error.errors()])
    lines = sorted({_line(path, root, fault) for fault in found})
    more = [f"{path}: and {len(lines) - MOST:,} more"] if len(lines) > MOST else []
    return lines[:MOST] + more


class Fault(NamedTuple):
    """A problem, and where it is.

    Attributes:
        keys: as the file has them.
        around: the section, which knows what is allowed.
        problem: as pydantic tells it.
    """

    keys: Location
    around: type[BaseModel]
    problem: Mapping[str, Any]


def _fault(problem: Mapping[str, Any]) -> Fault:
    """Among a location's parts are also those that say which of several types was tried."""
    keys: list[str | int] = []
    around = model = Recipe
    choices: list[type[BaseModel]] = []
    for part in problem["loc"]:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        around = model
        if part in fields:
            choices = list(_models_in(fields[part].annotation)) or [model]
            model = choices[0]
        elif tagged := [one for one in choices if part == one.__name__ or part in _tags(one)]:
            around = model = tagged[0]
            continue
        elif part == OTHERS or BRANCH.fullmatch(str(part)):
            continue
        keys.append(part)
    return Fault((*keys, *_told_by(problem)), around, problem)


def _telling(found: Sequence[Fault]) -> Iterator[Fault]:
    """Those that help: of the types that a value may have, the one that fits it best tells most."""
    above = {fault.keys[:depth] for fault in found for depth in range(len(fault.keys))}
    fitting = {fault.keys for fault in found if fault.problem["type"] not in NOT_A}
    for fault in found:
        unfit = fault.problem["type"] in NOT_A and fault.keys in fitting
        if fault.keys not in above and not unfit:
            yield fault


def _line(path: str, root: yaml.Node | None, fault: Fault) -> str:
    line = _line_number(root, fault.keys)
    where = f"{path}:{line}" if line else path
    key = ".".join(map(str, fault.keys)) or "recipe"
    return f"{where}: {key}: {_explained(fault)}"


def _told_by(problem: Mapping[str, Any]) -> tuple[str, ...]:
    """The key whose value says which of several models is meant, where that is the problem."""
    if not problem["type"].startswith("union_tag_"):
        return ()
    name = problem["ctx"]["discriminator"]  # quoted, its alias last; or a function that finds it
    return ("kind" if name.endswith("()") else name.split("'")[-2],)


def _line_number(node: yaml.Node | None, location: Location) -> int | None:
    """The line of the deepest part of `location` that the file holds; None for an override."""
    line = None
    for part in location:
        if isinstance(node, yaml.MappingNode):
            named = [(k, v) for k, v in node.value if k.value == part]
            if not named:
                break
            line, node = named[0][0].start_mark.line + 1, named[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _explained(fault: Fault) -> str:
    problem = fault.problem
    kind, value = problem["type"], problem["input"]
    if kind in ("missing", "union_tag_not_found"):
        return f"the {'key' if isinstance(fault.keys[-1], str) else 'entry'} is missing"
    if kind == "extra_forbidden":
        allowed = [field.alias or name for name, field in fault.around.model_fields.items()]
        return f"no such key{_nearest(problem['loc'][-1], allowed)}; allowed: {', '.join(allowed)}"
    if kind == "literal_error":
        return _not_allowed(value, problem["ctx"]["expected"])
    if kind == "union_tag_invalid":
        return _not_allowed(problem["ctx"]["tag"], problem["ctx"]["expected_tags"])
    if kind == "too_long":
        return (
            f"{problem['ctx']['actual_length']:,} entries; at most {problem['ctx']['max_length']:,}"
        )
    if kind == "string_type" and isinstance(value, bool):
        return (
            f"{value!r} is not text: YAML reads yes, no, on, off, true and false as "
            "booleans; quote the word"
        )
    if kind == "string_type":
        return f"{value!r} is not text; quote it"
    shown = "" if isinstance(value, (dict, list, BaseModel)) else f"{value!r}: "
    return f"{shown}{words_of(problem)}"


def _not_allowed(value: Any, expected: str) -> str:
    allowed = expected.replace("'", "").replace(" or ", ", ").split(", ")
    return f"{value!r} is not allowed{_nearest(value, allowed)}; allowed: {', '.join(allowed)}"


def _nearest(word: Any, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(str(word), allowed, n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _tags(model: type[BaseModel]) -> Iterator[str]:
    """What tells it from the others of a union."""
    return (tag for field in model.model_fields.values() for tag in get_args(field.annotation))
