"""A package with one plug-in of each sort, installed beside mashbill."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mashbill.models.errors import MashbillError
from mashbill.models.plugins import told
from mashbill.models.tasks.registry import task_of
from mashbill.pipelines.cli import main
from mashbill.pipelines.finalize import finalize
from mashbill.pipelines.recipe_file import RecipeError, load_recipe
from mashbill.pipelines.schema import recipe_schema, reference
from mashbill.transforms.augmenters.registry import AUGMENTERS, available, build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.retry import Retry
from tests.pipelines.runs import make, read_rows, settings, write_corpus

CODE = '''
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from mashbill.models.tasks.single import Single
from mashbill.transforms.augmenters.base import Augmenter, Edit
from mashbill.transforms.filters.base import Filter
from mashbill.transforms.languages.base import Language


class Shout(Augmenter):
    """Marks behind the text."""

    name: ClassVar[str] = "acme.shout"
    marks: int = Field(1, ge=1, description="how many")

    def augment_batch(self, request):
        return [[Edit(len(text), len(text), "!" * self.marks)] for text in request.texts]


class Word(Filter):
    """Drops variants with a word in them."""

    kind: Literal["acme_word"] = "acme_word"
    word: str

    reads: ClassVar[tuple[str, ...]] = ("text",)
    reasons: ClassVar[tuple[str, ...]] = ("has_word",)

    def drops(self, batch):
        if self.word == "fail":
            raise RuntimeError("cannot read")
        texts = batch.column("text").to_pylist()
        return {"has_word": np.array([self.word in text for text in texts])}


class Echo(Augmenter):
    """The first word once more."""

    name: ClassVar[str] = "acme.echo"
    languages: ClassVar[tuple[str, ...]] = ("acme",)

    def augment_batch(self, request):
        return [[Edit(0, 0, text.split()[0] + " ")] for text in request.texts]


class Acmean(Language):
    """Whose stop is a bar."""

    name: ClassVar[str] = "acme"
    full_stops: ClassVar[str] = "|"

    def augmenters(self):
        return (Echo,)

    def words(self, batch, runs):
        if "fail" in batch.texts[0]:
            raise RuntimeError("cannot part")
        return runs


class Grades(Single):
    """A class, for which corpora have other words, too."""

    kind: Literal["acme_grades"] = "acme_grades"
    also: dict[str, str] = Field({}, description="a word of the corpora to a class")

    def parser(self, class_names=()):
        parse = super().parser(class_names)
        if "fail" in self.also:
            raise RuntimeError("cannot grade")
        return lambda value: parse(self.also.get(value, value))
'''
ENTRIES = """
[mashbill.augmenters]
acme.shout = acme_mash:Shout
[mashbill.filters]
acme_word = acme_mash:Word
[mashbill.languages]
acme = acme_mash:Acmean
[mashbill.tasks]
acme_grades = acme_mash:Grades
"""
BROKEN = """
[mashbill.augmenters]
acme.gone = acme_mash_gone:Shout
acme.other = acme_mash:Shout
[mashbill.filters]
acme_wrong = acme_mash:Shout
[mashbill.languages]
acme_gone = acme_mash_gone:Acmean
[mashbill.tasks]
acme_other = acme_mash:Grades
"""
MASH, GONE = (f", of the package acme-{name} 1.2" for name in ("mash", "broken"))


def install(site: Path, name: str, entries: str) -> None:
    """What pip would leave of a package."""
    info = site / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(entries)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    (site / "acme_mash.py").write_text(CODE)
    install(site, "acme-mash", ENTRIES)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        yield site


@pytest.fixture
def broken(package, tmp_path, monkeypatch):
    install(tmp_path, "acme-broken", BROKEN)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture(scope="module")
def values(package, tmp_path_factory, tiny_classifier):
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder)
    models = {"classifier": tiny_classifier, "encoder": "unused", "mlm": "unused"}
    methods = [{"use": "acme.shout", "marks": 2}, {"use": "acme.echo"}]
    return settings(
        folder,
        models,
        language="acme",
        task={"kind": "acme_grades", "also": {"so so": "negative"}},
        augment={"copies": 2, "methods": methods},
        filter={},
        filters=[{"kind": "acme_word", "word": "dull"}],
    )


def load(values: dict, folder: Path):
    path = folder / "recipe.json"
    path.write_text(json.dumps(values))  # which is YAML
    return load_recipe(str(path))


def test_a_recipe_uses_all_four_by_name(values, tmp_path):
    out = make(values, tmp_path / "out")
    rows = list(read_rows(out).values())
    shouted, echoed = (
        [row["text"] for row in rows if row["augmenter"] == f"acme.{name}"]
        for name in ("shout", "echo")
    )
    assert shouted
    assert all(text.endswith("!!") and "dull" not in text for text in shouted)
    assert echoed
    assert all(text.split()[0] == text.split()[1] for text in echoed)
    assert [row["label"] for row in rows if row["text"] == "x"] == [0]
    (marker, *_) = (out / ".mashbill").glob("shard-*")
    assert "variant_filter/dropped/has_word" in json.loads(marker.read_text())["counts"]
    assert task_of(finalize(str(out), max_rejects=1.0).run).also == {"so so": "negative"}


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        ({"filters": [{"kind": "acme_word"}]}, "filters.0", f"acme_word{MASH}: word: the key"),
        (
            {"filters": [{"kind": "acme_wrong"}]},
            "filters.0",
            f"{GONE}, is not a subclass of Filter",
        ),
        ({"filters": [{"kind": "acme_wrd"}]}, "filters.0.kind", "'acme_wrd' is not allowed"),
        ({"task": {"kind": "acme_grades", "as": 1}}, "task", f"acme_grades{MASH}: as: no such key"),
        ({"task": {"kind": "acme_other"}}, "task", f"{GONE}, has another name, 'acme_grades'"),
        ({"task": {"kind": "acme_grade"}}, "task.kind", "'acme_grade' is not allowed"),
        ({"language": "acme_gone"}, "language", f"{GONE}, cannot be loaded: ModuleNotFound"),
        ({"language": "acne"}, "language", "did you mean 'acme'?"),
    ],
)
def test_what_is_wrong_with_a_section_names_line_and_package(
    values, broken, tmp_path, change, where, said
):
    with pytest.raises(RecipeError) as error:
        load({**values, **change}, tmp_path)
    assert f"recipe.json:1: {where}: " in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"use": "acme.shout", "marks": 0}, "marks: 0: .*, of the package acme-mash 1.2"),
        ({"use": "acme.gone"}, "of the package acme-broken 1.2, cannot be loaded: ModuleNotFound"),
        ({"use": "acme.other"}, "of the package acme-broken 1.2, has another name, 'acme.shout'"),
        ({"use": "acme.shot"}, "did you mean 'acme.shout'"),
    ],
)
def test_what_is_wrong_with_an_augmenter_names_the_package(broken, spec, said):
    with pytest.raises(MashbillError, match=said):
        build(spec)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"filters": [{"kind": "acme_word", "word": "fail"}]},
            "the filter acme_word failed: RuntimeError: cannot read",
        ),
        ({"task": {"kind": "acme_grades", "also": {"fail": ""}}}, "RuntimeError: cannot grade"),
    ],
)
def test_what_fails_ends_the_run_and_names_its_package(values, tmp_path, change, said):
    with pytest.raises(MashbillError, match=f"{said}, in the package acme-mash 1.2"):
        make({**values, **change}, tmp_path / "out")


def test_a_language_that_fails_with_a_text_is_named_with_its_package(package):
    swap = build("edit.swap", "acme")
    answers = Retry("edit.swap")(
        lambda rows: swap.variants(Request(["fail"] * len(rows), [1])), ["id"]
    )
    assert told(answers[0]) == "RuntimeError: cannot part, in the package acme-mash 1.2"


def test_an_augmenter_comes_with_its_language(package):
    assert "acme.echo" in available("acme")
    assert AUGMENTERS.origin("acme.echo") == ", of the package acme-mash 1.2"
    with pytest.raises(MashbillError, match=r"acme\.echo works in acme, not in en"):
        build("acme.echo")


def test_the_schema_has_the_parameters_of_the_packages(package):
    schema = recipe_schema()
    definitions = schema["$defs"]
    assert definitions["Grades"]["properties"]["also"]["description"].startswith("a word of")
    assert "word" in definitions["Word"]["properties"]
    assert "marks" in definitions["acme.shout"]["properties"]
    assert {"$ref": "#/$defs/Grades"} in schema["properties"]["task"]["oneOf"][-1]["anyOf"]
    assert "| `also` |" in reference(schema)


def test_a_run_of_a_package_that_is_gone_is_told_in_one_line():
    run = {"task": {"kind": "gone_grades"}, "labels": ["a", "b"]}
    with pytest.raises(MashbillError, match=r"task .*gone_grades.* is not known here"):
        task_of(run)


def test_packages_are_looked_for_only_where_a_name_is_not_ours(monkeypatch):
    def none(*_):
        raise AssertionError("looked for packages")

    monkeypatch.setattr("mashbill.models.plugins._added_to", none)
    assert build("typo.keyboard").name == "typo.keyboard"


def test_the_lists_show_them_with_parameters_and_package(package, monkeypatch):
    printed = CliRunner().invoke(main, ["filters"], catch_exceptions=False).output
    assert "acme_word, of the package acme-mash 1.2" in printed
    assert "parameters: kind='acme_word', word" in printed
    assert "near_duplicate" in printed
    monkeypatch.setattr(AUGMENTERS, "own", {})  # whose examples take a while
    printed = CliRunner().invoke(main, ["augmenters"], catch_exceptions=False).output
    assert "acme.shout, of the package acme-mash 1.2" in printed
    assert "parameters: marks=1" in printed
