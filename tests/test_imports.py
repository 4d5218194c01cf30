"""Imports point down only: pipelines -> transforms -> models."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "models": {"transforms", "pipelines", "apache_beam", "click", "yaml"},
    "transforms": {"pipelines", "click", "yaml"},
    "transforms/augmenters": {"apache_beam"},
    "pipelines": {"tests", "benchmarks"},
}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_no_file_imports_what_lies_above_it(folder):
    files = list((ROOT / folder).rglob("*.py"))
    assert len(files) > 5
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files
        for name in imported(file)
        if name.split(".")[0] in FORBIDDEN[folder]
    ]
    assert not wrong, "\n".join(wrong)
