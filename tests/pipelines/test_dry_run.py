"""A dry run builds the job to the end without running it, for Dataflow too."""

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.dry_run import dry_run, show
from mashbill.pipelines.prepare import prepare
from mashbill.pipelines.recipe import Recipe
from tests.pipelines.runs import settings, write_corpus

HINTS = {"accelerator": "type:nvidia-l4;count:1;install-nvidia-driver", "min_ram": "16GB"}
DATAFLOW = [
    "--runner=DataflowRunner",
    "--project=some-project",
    "--region=europe-west1",
    "--temp_location=gs://some-bucket/tmp",
    "--sdk_container_image=registry.example/mashbill:0.1.0",
]


@pytest.fixture
def recipe(tmp_path, tiny_classifier, tiny_encoder, tiny_mlm):
    write_corpus(tmp_path)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    return Recipe.model_validate(settings(tmp_path, models, resources=HINTS))


@pytest.fixture(params=[[], DATAFLOW], ids=["local", "dataflow"])
def beam_args(request):
    if request.param:
        pytest.importorskip("google.cloud.dataflow_v1beta3", reason="needs the extra gcp")
    return request.param


def test_only_the_steps_that_run_models_ask_for_an_accelerator(recipe, beam_args):
    found = dry_run(recipe, workers=1, beam_args=beam_args)
    assert found.first == {}
    asking = {step.name: step.hints for step in found.steps if step.hints}
    assert asking.keys() == {"augment_model", "similarity", "annotate"}
    assert {tuple(sorted(hints.items())) for hints in asking.values()} == {
        (("accelerator", HINTS["accelerator"]), ("min_ram_bytes", "16000000000"))
    }


def test_nothing_is_written(recipe, beam_args, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    dry_run(recipe, workers=1, beam_args=beam_args)
    assert sorted(tmp_path.rglob("*")) == before


def test_models_that_are_still_to_be_made_are_named_with_their_commands(
    recipe, tiny_encoder, tiny_mlm, tmp_path, capsys
):
    teacher, mlm = str(tmp_path / "teacher"), str(tmp_path / "mlm")
    values = recipe.model_dump(by_alias=True, exclude_none=True)
    values["teacher"] |= {"model": teacher, "train": {"base": str(tiny_encoder)}}
    values["mlm"] = {"model": mlm, "base": str(tiny_mlm)}
    fresh = Recipe.model_validate(values)  # whose methods use another masked LM
    assert dry_run(fresh, workers=1, beam_args=[]).first == {teacher: "train-teacher"}

    for method in values["augment"]["methods"]:
        method |= {"model": f"{mlm}/"} if "model" in method else {}
    fresh = Recipe.model_validate(values)
    found = dry_run(fresh, workers=1, beam_args=[])
    assert found.first == {teacher: "train-teacher", f"{mlm}/": "adapt-mlm"}
    assert {step.name for step in found.steps} >= {"augment_model", "annotate"}
    show(fresh, found)
    assert f"run mashbill adapt-mlm first: it creates {mlm}/" in capsys.readouterr().out
    with pytest.raises(
        MashbillError, match="does not exist yet; `mashbill train-teacher` creates it"
    ):
        prepare(fresh)


def test_dataflow_says_which_options_it_misses(recipe):
    with pytest.raises(MashbillError, match="Missing required option: project"):
        dry_run(recipe, workers=1, beam_args=["--runner=DataflowRunner"])


def test_a_student_that_cannot_be_built_is_said_before_the_job_is(recipe):
    values = recipe.model_dump(by_alias=True, exclude_none=True)
    values["distill"] = {"model": "student", "student": {"from": "teacher", "layers": [0, 99]}}
    with pytest.raises(MashbillError, match="99"):
        dry_run(Recipe.model_validate(values), workers=1, beam_args=[])
