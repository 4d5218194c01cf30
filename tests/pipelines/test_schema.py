"""The schema says what the recipe takes, and the pages in docs are those that it makes."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from mashbill.pipelines.cli import main
from mashbill.pipelines.schema import recipe_schema, reference
from mashbill.transforms.augmenters.registry import AUGMENTERS

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "examples").rglob("*.yaml"))


@pytest.fixture(scope="module")
def validator():
    schema = recipe_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_editor_finds_no_fault_in_the_examples(path, validator):
    text = path.read_text()
    assert not list(validator.iter_errors(yaml.safe_load(text)))
    line = text.splitlines()[0]
    named = line.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == ROOT / "docs/recipe.schema.json"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"seeds": 7}, "seeds"),
        ({"augment": {"methods": [{"use": "typo.keybord"}]}}, "typo.keybord"),
        ({"augment": {"methods": [{"use": "typo.keyboard", "rat": 0.1}]}}, "rat"),
        ({"splits": {"train": 2}}, "2 is greater than the maximum"),
    ],
)
def test_an_editor_finds_what_the_recipe_would_refuse(change, key, validator):
    recipe = yaml.safe_load((ROOT / "examples/reviews/recipe.yaml").read_text())
    (error, *_) = validator.iter_errors(recipe | change)
    assert key in str(error)


def test_every_augmenter_has_its_parameters():
    methods = recipe_schema()["$defs"]["Method"]["oneOf"]
    assert [one["$ref"].removeprefix("#/$defs/") for one in methods] == list(AUGMENTERS)


def test_the_pages_in_docs_are_those_of_the_recipe():
    assert (ROOT / "docs/recipe.md").read_text().rstrip() == reference(recipe_schema()).rstrip()
    assert json.loads((ROOT / "docs/recipe.schema.json").read_text()) == recipe_schema()


def test_the_command_prints_either():
    runner = CliRunner()
    assert json.loads(runner.invoke(main, ["schema"]).output) == recipe_schema()
    page = runner.invoke(main, ["schema", "--format", "markdown"]).output
    assert page.startswith("# Every key of a recipe")
    assert "| `seed` | whole number, at least 0" in page
