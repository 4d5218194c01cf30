"""The Flex Template: its parameters, and what its launcher starts."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

DOCKER = Path(__file__).parents[2] / "docker"
METADATA = json.loads((DOCKER / "flex_template_metadata.json").read_text())
RIGHT = {
    "recipe": ["gs://bucket/recipes/reviews.yaml", "/assets/recipe.yml"],
    "overrides": ["augment.copies=2", "augment.copies=2;output.path=gs://bucket/out"],
    "partition": ["1/1", "12/40"],
    "sdk_container_image": ["europe-docker.example/project/images/mashbill:0.1.0"],
    "number_of_worker_harness_threads": ["1", "12"],
}
WRONG = {
    "recipe": ["gs://bucket", "recipe.yaml", "gs://bucket/recipe.json", "gs://b/a.yaml\n--x"],
    "overrides": ["copies", "a.b=1;c", "=1"],
    "partition": ["0/4", "4", "1/0", "-1/4"],
    "sdk_container_image": ["mashbill", "has space/x"],
    "number_of_worker_harness_threads": ["0", "two"],
}


@pytest.fixture(scope="module")
def flex_template():
    spec = importlib.util.spec_from_file_location("flex_template", DOCKER / "flex_template.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("parameter", METADATA["parameters"], ids=lambda p: p["name"])
def test_a_parameter_takes_what_is_right_and_refuses_what_is_not(parameter):
    def fits(value: str) -> bool:
        return all(re.fullmatch(regex, value) for regex in parameter["regexes"])

    assert [value for value in RIGHT[parameter["name"]] if not fits(value)] == []
    assert [value for value in WRONG[parameter["name"]] if fits(value)] == []


def test_every_parameter_is_one_that_the_launched_program_knows(flex_template, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("seed: 7\n")
    values = {name: right[0] for name, right in RIGHT.items()} | {"recipe": str(recipe)}
    arguments = [f"--{p['name']}={values[p['name']]}" for p in METADATA["parameters"]]
    folder = tmp_path / "copy"
    folder.mkdir()
    called = flex_template.command(arguments, str(folder))
    beam_args = called[called.index("--") + 1 :]
    known = PipelineOptions(beam_args)
    unknown = known.get_all_options(retain_unknown_options=True).keys() - known.get_all_options()
    assert not unknown


def test_the_recipe_is_copied_and_the_rest_goes_to_beam(flex_template, tmp_path):
    recipe = tmp_path / "reviews.yaml"
    recipe.write_text("seed: 7\n")
    folder = tmp_path / "copy"
    folder.mkdir()
    called = flex_template.command(
        [f"--recipe={recipe}", "--overrides=seed=8;output.shards=2", "--runner=DataflowRunner"],
        str(folder),
    )
    assert (folder / "reviews.yaml").read_text() == "seed: 7\n"
    assert called[:6] == [
        *("generate", str(folder / "reviews.yaml")),
        *("--set", "seed=8", "--set", "output.shards=2"),
    ]
    assert called[6:] == ["--partition", "1/1", "--", "--runner=DataflowRunner"]
