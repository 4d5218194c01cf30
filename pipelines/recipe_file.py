"""From a YAML file and `--set` overrides to a Recipe, with errors that help to mend the file."""

from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from pydantic import ValidationError

from mashbill.models.errors import MashbillError
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.recipe_faults import faults
from mashbill.transforms.special_files import special_kind

LARGEST = 1 << 20  # bytes of a recipe; as many characters with its aliases written out
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
    root, settings = _load(path, _text(path))
    if not isinstance(settings, dict):
        raise RecipeError(f"{path}: a recipe is a mapping of keys, not {repr(settings)[:80]}")
    for override in overrides:
        _override(settings, override)
    try:
        return Recipe.model_validate(settings)
    except ValidationError as error:
        raise RecipeError("\n".join(faults(path, root, error))) from None


def _text(path: str) -> str:
    if kind := special_kind(path):
        raise RecipeError(f"{path}: cannot be read: it is {kind}, not a file")
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from None
    if len(text) > LARGEST:
        raise RecipeError(f"{path}: larger than {LARGEST >> 20} MB, the limit for a recipe")
    return text


def _load(where: str, text: str) -> tuple[yaml.Node | None, Any]:
    """The tree of a YAML text, with its line numbers, and what it says."""
    loader = Loader(text)
    try:
        root = loader.get_single_node()
        _refuse_bombs(where, root)
        _refuse_repeated_keys(where, root)
        return root, None if root is None else loader.construct_document(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark and not where.startswith("--set") else ""
        raise RecipeError(f"{where}{line}: {getattr(error, 'problem', error)}") from None
    except RecursionError:
        raise RecipeError(f"{where}: nested too deeply") from None
    finally:
        loader.dispose()


def _refuse_bombs(where: str, root: yaml.Node | None) -> None:
    """A few aliases of aliases can stand for more than any memory holds."""
    sizes: dict[int, int | None] = {}

    def size(node: yaml.Node, key: str) -> int:
        if isinstance(node, yaml.ScalarNode):
            return len(node.value) + 1
        if id(node) not in sizes:
            sizes[id(node)] = None  # until all that it holds is counted
            sizes[id(node)] = sum(size(child, name) for name, child in _children(node, key))
        whole = sizes[id(node)]
        line = node.start_mark.line + 1
        if whole is None:
            raise RecipeError(f"{where}:{line}: {key}: contains itself through an alias")
        if whole > LARGEST:
            raise RecipeError(
                f"{where}:{line}: {key}: larger than {LARGEST >> 20} MB once its aliases are "
                "expanded"
            )
        return whole + 1

    if root is not None:
        size(root, "recipe")


def _children(node: yaml.Node, key: str) -> Iterator[tuple[str, yaml.Node]]:
    """What a mapping or a sequence holds, each with the key that it belongs to."""
    for child in node.value:
        if isinstance(child, tuple):
            yield key, child[0]
            yield str(child[0].value)[:80], child[1]
        else:
            yield key, child


def _nodes(root: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """Every mapping once, however many aliases it has."""
    seen: set[int] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, yaml.CollectionNode) and id(node) not in seen:
            seen.add(id(node))
            todo += [child for _, child in _children(node, "")]
            if isinstance(node, yaml.MappingNode):
                yield node


def _refuse_repeated_keys(path: str, root: yaml.Node | None) -> None:
    for mapping in _nodes(root):
        seen = set()
        for key, _ in mapping.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # the loader says what is wrong with it
            if key.value in seen:
                line = key.start_mark.line + 1
                raise RecipeError(f"{path}:{line}: {key.value}: the key appears twice")
            seen.add(key.value)


def _override(settings: dict, override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {override}: expected KEY=VALUE, such as augment.copies=2")
    *parents, last = key.split(".")
    here: Any = settings
    try:
        value = _load(f"--set {override[:80]}", text)[1]
        for name in parents:
            here = here[int(name)] if isinstance(here, list) else here.setdefault(name, {})
        if isinstance(here, list):
            here[int(last)] = value
        else:
            here[last] = value
    except (TypeError, ValueError, IndexError, AttributeError):
        raise RecipeError(f"--set {override}: the recipe has no such key") from None
