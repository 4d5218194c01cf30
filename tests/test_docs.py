"""What the pages say is held against the code."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from mashbill.pipelines.cli import main
from mashbill.pipelines.recipe import Corpus, Recipe
from mashbill.pipelines.recipe_file import load_recipe
from mashbill.pipelines.stages import contracts
from mashbill.transforms.augmenters.registry import AUGMENTERS
from mashbill.transforms.filters.registry import FILTERS
from mashbill.transforms.layout import written_columns
from mashbill.transforms.similarity import Similarity
from tests.transforms.columns import HEAD, TAIL

ROOT = Path(__file__).parents[1]


def page(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_recipe_in_the_readme_is_one(tmp_path):
    (block,) = re.findall(r"```yaml\n(.*?)```", page("README.md"), re.DOTALL)
    (tmp_path / "recipe.yaml").write_text(block)
    recipe = load_recipe(str(tmp_path / "recipe.yaml"), ())
    assert [method.use for method in recipe.augment.methods][-1] == "chain"


def test_the_demo_recipe_is_one(monkeypatch):
    monkeypatch.chdir(ROOT)
    recipe = load_recipe("examples/reviews/recipe.yaml", ())
    assert recipe.output.path == "out/reviews"
    assert recipe.teacher.train is not None


EXAMPLES = pytest.mark.parametrize(
    "path", sorted((ROOT / "examples").glob("**/*.yaml")), ids=lambda p: p.stem
)


@EXAMPLES
def test_every_example_is_a_recipe_that_reads_what_examples_fetch_or_make(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    recipe = load_recipe(str(path), ())
    assert all(Path(model.path).parts[0] in ("examples", "out") for model in recipe.needs())


@EXAMPLES
def test_no_example_needs_an_installed_wordnet(path):
    recipe = load_recipe(str(path), ())
    suites = {*(recipe.evaluate.suites if recipe.evaluate else ())}
    suites |= {*(recipe.distill.training.choose_under if recipe.distill else ())}
    suites |= {*(recipe.search.suites if recipe.search else ())}
    if recipe.language == "en" and suites & {"all", "synonym"}:
        assert recipe.evaluate.wordnet == "examples/reviews/data/wordnet"


def test_the_readme_lists_every_command():
    assert set(re.findall(r"^\| `mashbill ([a-z-]+)", page("README.md"), re.M)) == set(
        main.commands
    )


def test_the_format_page_lists_every_column_in_order():
    table = page("docs/data-format.md").split("## Rows")[1].split("Raw scores")[0]
    listed = [
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.M)
        for name in re.findall(r"`(\w+)`", row)
    ]
    judged = Similarity("encoder", synthetic=True)
    assert listed == list(written_columns([*HEAD, judged.contract, *TAIL], pairs=True))


def test_the_page_on_filters_has_each_one_with_its_keys_and_reasons():
    sections = re.split(r"^## ", page("docs/filters.md"), flags=re.M)[1:]
    found = {section.split("\n", 1)[0]: section for section in sections}
    assert list(found) == [*FILTERS, "Add a filter"]
    for name, kind in FILTERS.items():
        rows = re.findall(r"^\| (`.*?) \|", found[name], re.M)
        listed = [key for row in rows for key in re.findall(r"`(\w+)`", row)]
        assert listed == [key for key in kind.model_fields if key != "kind"]
        assert all(f"`{reason}`" in found[name] for reason in kind.reasons)


def test_the_page_on_corpora_lists_every_key_in_order():
    listed = re.findall(r"^\| `(\w+)` \|", page("docs/corpora.md"), re.M)
    assert listed == list(Corpus.model_fields)


def test_the_chinese_readme_has_the_commands_of_the_english_one():
    english, chinese = page("README.md"), page("README.zh.md")
    for commands in (
        r"`((?:make|mashbill) [^`]+)`",
        r"^    (make .*)$",
        r"\]\(([^)]+)\)",
        r"`(--.+?)`",
    ):
        missing = {*re.findall(commands, english, re.M)} - {*re.findall(commands, chinese, re.M)}
        assert missing <= {"README.zh.md"}, missing
    for language in ("python", "yaml"):
        of_english, of_chinese = (
            [
                without_comments(block)
                for block in re.findall(rf"```{language}\n(.*?)```", text, re.S)
            ]
            for text in (english, chinese)
        )
        assert [block for block in of_chinese if block in of_english] == of_english


def test_the_chinese_readme_shows_every_augmenter_of_chinese():
    (block,) = re.findall(r"```yaml\n(language: zh.*?)```", page("README.zh.md"), re.S)
    recipe = Recipe.model_validate(merged(RECIPE, yaml.safe_load(block)))
    own = {name for name, kind in AUGMENTERS.items() if kind.languages == ("zh",)}
    assert own - {method.use for method in recipe.augment.methods} == {"script.simplified"}


def without_comments(block):
    return re.sub(r" *#.*", "", block)


PAGES = [
    "README.md",
    "README.zh.md",
    "CONTRIBUTING.md",
    *(str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("docs/**/*.md"))),
]
RECIPE = {
    "corpus": [{"name": "reviews", "path": "reviews.csv", "label": "label"}],
    "labels": ["negative", "positive"],
    "teacher": {"model": "teacher"},
    "output": {"path": "out"},
    "distill": {"model": "student"},
}

EVERY_STAGE = """
augment: {methods: [{use: edit.swap}, {use: contextual.substitute, model: mlm}]}
filters:
  - {kind: length, minimum: 3}
  - {kind: similarity, model: encoder, minimum: 0.5}
"""


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files_and_sections(name):
    for target, section in re.findall(r"\]\(([^)#:]*)(#[^)]*)?\)", page(name)):
        file = (ROOT / name).parent / target if target else ROOT / name
        assert file.exists(), target
        if section:
            heads = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.M)
            assert section[1:] in map(anchor, heads), f"{target}{section}"


def test_the_index_leads_to_every_page():
    indexes = ["docs/README.md", "docs/measured/README.md", "docs/extending/README.md"]
    linked = {
        ((ROOT / index).parent / target).resolve()
        for index in indexes
        for target in re.findall(r"\]\(([^)#:]+)", page(index))
    }
    pages = {path.resolve() for path in (ROOT / "docs").rglob("*.md")}
    assert sorted(pages - linked - {ROOT / "docs/README.md"}) == []


def anchor(heading):
    """The fragment that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def merged(settings, more):
    """Both recipes, key by key; what `more` says wins."""
    if not (isinstance(settings, dict) and isinstance(more, dict)):
        return more
    return settings | {key: merged(settings.get(key), value) for key, value in more.items()}


@pytest.mark.parametrize(
    "name",
    [
        "docs/chinese.md",
        "docs/corpora.md",
        "docs/distillation.md",
        "docs/filters.md",
        "docs/tasks.md",
    ],
)
def test_every_piece_of_a_recipe_in_a_guide_is_valid(name):
    pieces = re.findall(r"```yaml\n(.*?)```", page(name), re.DOTALL)
    assert pieces
    for piece in pieces:
        Recipe.model_validate(merged(RECIPE, yaml.safe_load(piece)))


def literals():
    """Every text of the code, with `…` for what is filled in."""
    for folder in ("models", "transforms", "pipelines"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    parts = (getattr(part, "value", None) for part in node.values)
                    yield "".join(part if isinstance(part, str) else "…" for part in parts)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_every_message_of_the_page_on_troubles_is_one_of_the_code():
    quoted = re.findall(r"^\*\*(`+) ?(.*?) ?\1\*\*$", page("docs/troubleshooting.md"), re.M)
    lines = [message for _, message in quoted]
    assert len(lines) >= 40
    known = re.sub("…+", "…", "\0".join(literals()))
    assert [line for line in lines if line not in known] == []


def test_the_page_on_architecture_names_what_there_is():
    text = page("docs/architecture.md")
    paths = re.findall(r"`((?:models|transforms|pipelines|mashbill|tests)/[\w/.]*)`", text)
    assert len(paths) > 30
    assert [path for path in paths if not (ROOT / path).exists()] == []
    everything = merged(RECIPE, yaml.safe_load(EVERY_STAGE))
    stages = [one.name for one in contracts(Recipe.model_validate(everything))]
    picture = text.split("```mermaid", 2)[1]
    names = re.findall(r'\["([\w, ]+)<br/>', picture.split("subgraph")[1].split("\n    end")[0])
    assert [name for part in names for name in part.split(", ")] == [*stages, "write"]
