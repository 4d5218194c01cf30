"""The guides for a package of one's own: their code makes one, and their examples hold."""

import configparser
import doctest
import inspect
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from mashbill.models.tasks.base import Task
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.augmenters.registry import AUGMENTERS
from mashbill.transforms.filters.registry import FILTERS

GUIDES = Path(__file__).parents[1] / "docs" / "extending"
PAGES = ("augmenter", "filter", "task", "language")


def blocks(page: str, language: str) -> list[str]:
    text = (GUIDES / f"{page}.md").read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory):
    """The package of the guides, as pip would leave it."""
    site = tmp_path_factory.mktemp("site")
    for page in PAGES:
        (code,) = blocks(page, "python")
        file = site / code.split("\n", 1)[0].removeprefix("# ")
        file.parent.mkdir(exist_ok=True)
        file.write_text(code, encoding="utf-8")
    (project,) = (tomllib.loads(block)["project"] for block in blocks("README", "toml"))
    info = site / "social_mash-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: social-mash\nVersion: 1.0\n")
    entries = configparser.RawConfigParser()
    entries.read_dict(project["entry-points"])
    with (info / "entry_points.txt").open("w") as file:
        entries.write(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        yield
    for module in [name for name in sys.modules if name.startswith("social_mash")]:
        del sys.modules[module]


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_guide_hold(page):
    (session,) = blocks(page, "pycon")
    examples = doctest.DocTestParser().get_doctest(session, {}, page, f"{page}.md", 0)
    assert examples.examples
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_the_guide_names_all_that_a_task_must_provide():
    members = [pair for part in Task.__mro__ for pair in vars(part).items()]
    left = [name for name, member in members if "NotImplementedError" in code_of(member)]
    assert left
    text = (GUIDES / "task.md").read_text("utf-8")
    assert [name for name in left if f"`{name}`" not in text] == []


def code_of(member) -> str:
    function = getattr(member, "fget", member)
    return " ".join(function.__code__.co_names) if inspect.isfunction(function) else ""


def test_a_recipe_uses_all_of_them():
    (piece,) = (yaml.safe_load(block) for block in blocks("README", "yaml"))
    corpus = [{"name": "posts", "path": "posts.csv", "label": "stars"}]
    rest = {"corpus": corpus, "teacher": {"model": "teacher"}, "output": {"path": "out"}}
    recipe = Recipe.model_validate(rest | piece)
    assert recipe.task.slack == 1
    assert [method.augmenter().label for method in recipe.methods()] == [
        "social.stretch",
        "spelling.xsystem",
    ]
    assert [one.kind for one in recipe.every_filter()] == ["shouting"]


def test_every_entry_point_of_the_package_loads():
    assert AUGMENTERS["social.sign_off"].model_fields["phrases"].description
    assert FILTERS.origin("shouting") == ", of the package social-mash 1.0"
