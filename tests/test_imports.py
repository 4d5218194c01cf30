"""Imports point down only: pipelines -> transforms -> models; some need no Beam at all."""

import ast
import functools
from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from mashbill.transforms.languages.en.words import FUNCTION_WORDS

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "models": {"mashbill.transforms", "mashbill.pipelines", "apache_beam", "click", "yaml"},
    "transforms": {"mashbill.pipelines", "click", "yaml"},
    "transforms/augmenters": {"apache_beam"},
    "pipelines": {"tests", "benchmarks"},
}


@functools.cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(file: Path) -> Iterator[str]:
    return _names(file, ast.walk(_tree(file)))


def _names(file: Path, nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_no_file_imports_what_lies_above_it(folder):
    files = list((ROOT / folder).rglob("*.py"))
    assert len(files) > 5
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files
        for name in imported(file)
        if FORBIDDEN[folder] & {name.split(".")[0], ".".join(name.split(".")[:2])}
    ]
    assert not wrong, "\n".join(wrong)


# Augmenters and suites know languages; a language brings its own where it is asked for them.
ASKED_FOR = {
    ("mashbill.transforms.languages.en.language", "mashbill.transforms.languages.en.augmenters"),
    ("mashbill.transforms.languages.zh.language", "mashbill.transforms.languages.zh.augmenters"),
    ("mashbill.transforms.languages.zh.language", "mashbill.transforms.languages.zh.suites"),
}


def test_no_files_import_each_other_in_a_circle():
    """Neither at their top nor in a function: neither could be read without the other.

    Names for type checking alone may go round, but not within `models`.
    """
    graph = {
        name: {other for other in others if (name, other) not in ASKED_FOR}
        for name, others in _graph().items()
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the files


def test_every_import_that_may_go_round_is_there():
    assert {pair for pair in ASKED_FOR if pair[1] in _graph()[pair[0]]} == ASKED_FOR


@functools.cache
def _graph() -> dict[str, set[str]]:
    """Our modules, and which of them each one imports."""
    folders = ("models", "transforms", "pipelines", "mashbill")
    files = {
        _dotted(file) if folder == "mashbill" else f"mashbill.{_dotted(file)}": file
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
    }
    graph = {}
    for name, file in files.items():
        nodes = ast.walk(_tree(file))
        if not name.startswith("mashbill.models."):
            nodes = _run(_tree(file))
        graph[name] = _modules(nodes, files) - {name}
    return graph


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that are not for type checking alone."""
    for node in ast.iter_child_nodes(tree):
        if not _is_for_types(node):
            yield node
            yield from _run(node)


def _modules(nodes: Iterable[ast.AST], known: Mapping[str, Path]) -> set[str]:
    """What is imported of these; of a package, the module that is named and not the package."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in known else node.module for name in names}
    return found & known.keys()


def test_what_a_language_knows_is_asked_of_the_language():
    """Only the registry knows the languages by name."""
    registry = ROOT / "transforms/languages/registry.py"
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for folder in ("models", "transforms", "pipelines", "mashbill")
        for file in (ROOT / folder).rglob("*.py")
        if file != registry
        for name in imported(file)
        if name.startswith("mashbill.transforms.languages.")
        and _language(name) not in (None, _own_language(file))
    ]
    assert not wrong, "\n".join(wrong)


def _language(module: str) -> str | None:
    """The language whose folder a module lies in."""
    name = module.split(".")[3]
    return name if (ROOT / "transforms/languages" / name).is_dir() else None


def _own_language(file: Path) -> str | None:
    parts = file.relative_to(ROOT).parts
    return parts[2] if parts[:2] == ("transforms", "languages") else None


def test_lists_of_english_words_lie_with_english():
    """A list that has three function words of English or more is one."""
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {', '.join(sorted(words))}"
        for folder in ("models", "transforms")
        for file in (ROOT / folder).rglob("*.py")
        if _own_language(file) != "en"
        for line, listed in _lists(file)
        if len(words := FUNCTION_WORDS.intersection(listed)) > 2
    ]
    assert not wrong, "\n".join(wrong)


def _lists(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Each collection of texts that is written down, with its line; a text that is split, too."""
    for node in ast.walk(_tree(file)):
        match node:
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                yield node.lineno, _texts(parts)
            case ast.Dict(keys=keys):
                yield node.lineno, _texts(keys)
            case ast.Call(func=ast.Attribute(attr="split"), args=[]):
                yield node.lineno, " ".join(_texts([node.func.value])).split()
            case ast.Call(func=ast.Name(id="frozenset" | "set" | "words"), args=[ast.Constant()]):
                yield node.lineno, " ".join(_texts(node.args)).split()


def _texts(nodes: Iterable[ast.AST | None]) -> list[str]:
    return [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _dotted(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported_with(module: str) -> set[str]:
    """What importing `module` imports, through all files of ours."""
    found, ahead = set(), {module}
    while ahead:
        found.add(name := ahead.pop())
        if name.split(".")[0] == "mashbill":
            path = ROOT.joinpath(*name.split(".")[1:])
            for file in (path.with_suffix(".py"), path / "__init__.py"):
                if file.is_file():
                    ahead |= set(_names(file, _run_by_an_import(file))) - found
    return found


def _run_by_an_import(file: Path) -> Iterator[ast.AST]:
    """The nodes outside functions that are not for type checking alone."""
    ahead = [_tree(file)]
    while ahead:
        yield (node := ahead.pop())
        if not isinstance(node, ast.FunctionDef | ast.Lambda) and not _is_for_types(node):
            ahead += ast.iter_child_nodes(node)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def test_a_student_is_trained_without_beam():
    names = imported_with("mashbill.models.distill.run") | imported_with(
        "mashbill.pipelines.distill"
    )
    assert {"torch", "mashbill.models.distill.trainer"} <= names
    assert "apache_beam" not in {name.split(".")[0] for name in names}
    assert "apache_beam" in imported_with("mashbill.pipelines.job")


def test_a_driver_whose_workers_hold_the_models_imports_neither_these_nor_the_report():
    """Six seconds of every start with `--workers`."""
    names = imported_with("mashbill.pipelines.job")
    assert "mashbill.transforms.annotate" in names
    assert not {"torch", "transformers"} & {name.split(".")[0] for name in names}
    heavy = {"mashbill.models.engine", "mashbill.models.encoder", "mashbill.pipelines.report"}
    assert not heavy & names
    assert not {name for name in names if name.startswith(("matplotlib", "scipy.stats"))}


def test_what_follows_the_writes_needs_no_torch():
    """Three seconds, and 190 MB, of every `finalize`."""
    names = imported_with("mashbill.pipelines.finalize")
    assert "mashbill.pipelines.report.page" in names
    assert not {"torch", "transformers"} & {name.split(".")[0] for name in names}
