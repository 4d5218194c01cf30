"""A package with an augmenter and a filter of its own, installed beside mashbill."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mashbill.models.errors import MashbillError
from mashbill.pipelines.cli import main
from mashbill.pipelines.recipe_file import RecipeError, load_recipe
from mashbill.transforms.augmenters.registry import AUGMENTERS, build
from tests.pipelines.runs import make, read_rows, settings, write_corpus

CODE = '''
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from mashbill.transforms.augmenters.base import Augmenter, Edit
from mashbill.transforms.filters.base import Filter


class Shout(Augmenter):
    """Marks behind the text."""

    name: ClassVar[str] = "acme.shout"
    marks: int = Field(1, ge=1, description="how many")

    def augment_batch(self, texts, seeds, labels=None):
        return [[Edit(len(text), len(text), "!" * self.marks)] for text in texts]


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
'''
ENTRIES = """
[mashbill.augmenters]
acme.shout = acme_mash:Shout
[mashbill.filters]
acme_word = acme_mash:Word
"""
BROKEN = """
[mashbill.augmenters]
acme.gone = acme_mash_gone:Shout
acme.other = acme_mash:Shout
[mashbill.filters]
acme_wrong = acme_mash:Shout
"""


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
    augment = {"copies": 1, "methods": [{"use": "acme.shout", "marks": 2}]}
    filters = [{"kind": "acme_word", "word": "dull"}]
    return settings(folder, models, augment=augment, filter={}, filters=filters)


def load(values: dict, folder: Path):
    path = folder / "recipe.json"
    path.write_text(json.dumps(values))  # which is YAML
    return load_recipe(str(path))


def test_a_recipe_uses_both_by_name(values, tmp_path):
    out = make(values, tmp_path / "out")
    rows = [row for row in read_rows(out).values() if row["augmenter"] == "acme.shout"]
    assert rows
    assert all(row["text"].endswith("!!") and "dull" not in row["text"] for row in rows)
    (marker, *_) = (out / ".mashbill").glob("shard-*")
    assert "variant_filter/dropped/has_word" in json.loads(marker.read_text())["counts"]


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"kind": "acme_word"}, "acme_word, of the package acme-mash 1.2: word: Field required"),
        ({"kind": "acme_wrong"}, "acme_wrong, of the package acme-broken 1.2, is no subclass of"),
        ({"kind": "acme_wrd"}, "'acme_wrd' is not allowed"),
    ],
)
def test_what_is_wrong_with_a_filter_names_line_and_package(
    values, broken, tmp_path, filters, said
):
    with pytest.raises(RecipeError) as error:
        load({**values, "filters": [filters]}, tmp_path)
    assert "recipe.json:1: filters.0: " in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"use": "acme.shout", "marks": 0}, "marks: 0: .*, of the package acme-mash 1.2"),
        ({"use": "acme.gone"}, "of the package acme-broken 1.2, cannot be loaded: ModuleNotFound"),
        ({"use": "acme.other"}, "of the package acme-broken 1.2, calls itself 'acme.shout'"),
        ({"use": "acme.shot"}, "did you mean 'acme.shout'"),
    ],
)
def test_what_is_wrong_with_an_augmenter_names_the_package(broken, spec, said):
    with pytest.raises(MashbillError, match=said):
        build(spec)


def test_a_filter_that_fails_ends_the_run_and_names_its_package(values, tmp_path):
    values = {**values, "filters": [{"kind": "acme_word", "word": "fail"}]}
    with pytest.raises(MashbillError, match=r"acme_word, of the package acme-mash 1.2 failed: Run"):
        make(values, tmp_path / "out")


def test_packages_are_looked_for_only_where_a_name_is_not_ours(monkeypatch):
    def none(**_):
        raise AssertionError("looked for packages")

    monkeypatch.setattr("mashbill.models.plugins.entry_points", none)
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
