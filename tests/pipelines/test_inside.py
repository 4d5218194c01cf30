"""Inputs and the output folder are kept apart."""

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.inside import refuse_mixing
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.sources import plan
from tests.pipelines.runs import settings, write_corpus


def refuse(tmp_path, values) -> None:
    recipe = Recipe.model_validate(values)
    refuse_mixing(recipe, [item for spec in recipe.specs() for item in plan(spec)])


@pytest.fixture
def values(tmp_path):
    write_corpus(tmp_path)
    return settings(tmp_path, dict.fromkeys(("classifier", "encoder", "mlm"), tmp_path / "model"))


def test_folders_beside_each_other_are_fine(tmp_path, values):
    refuse(tmp_path, values)


def test_an_output_that_contains_an_input(tmp_path, values):
    values["output"]["path"] = str(tmp_path)
    with pytest.raises(MashbillError, match=r"output.path: .* contains an input, .*more.txt"):
        refuse(tmp_path, values)


def test_an_output_that_contains_an_input_behind_a_link(tmp_path, values):
    (tmp_path / "link").symlink_to(tmp_path)
    values["output"]["path"] = str(tmp_path / "link")
    with pytest.raises(MashbillError, match="contains an input"):
        refuse(tmp_path, values)


def test_an_output_in_a_model(tmp_path, values):
    values["output"]["path"] = str(tmp_path / "model/out")
    with pytest.raises(MashbillError, match="is inside the model folder"):
        refuse(tmp_path, values)


@pytest.mark.parametrize("pattern", ["**.parquet", "out/data/*", "o*/data/train-*.parquet"])
def test_a_pattern_that_would_read_what_is_written(tmp_path, values, pattern):
    values["corpus"][0]["path"] = [values["corpus"][0]["path"], str(tmp_path / pattern)]
    recipe = Recipe.model_validate(values)
    with pytest.raises(MashbillError, match="corpus reviews, which would read what the run writes"):
        refuse_mixing(recipe, [])


@pytest.mark.parametrize(
    "path", ["", " ", "a\0b", "hf://somebody/data", "https://host/out", "a\x1bb"]
)
def test_paths_that_nothing_can_be_written_to(values, path):
    values["output"]["path"] = path
    with pytest.raises(ValueError, match=r"output.path"):
        Recipe.model_validate(values)


def test_a_tilde_is_the_users_folder(values, monkeypatch):
    monkeypatch.setenv("HOME", "/somebody")
    values["output"]["path"] = "~/out"
    assert Recipe.model_validate(values).output.path == "/somebody/out"
