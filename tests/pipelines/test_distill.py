"""`mashbill distill` with tiny models: what it leaves, and what it refuses before training."""

import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError
from transformers import AutoConfig, pipeline

from mashbill.models.distill.objectives import Distillation
from mashbill.models.distill.student import FromCheckpoint
from mashbill.models.errors import MashbillError
from mashbill.pipelines.distill import distill
from mashbill.pipelines.recipe import Evaluate, Recipe
from mashbill.pipelines.recipe.data import DataChoice
from mashbill.pipelines.student_plan import student_plan
from tests.pipelines.runs import make, settings, write_corpus
from tests.transforms.augmenters.wordnet_files import write_wordnet


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, tiny_classifier):
    folder = tmp_path_factory.mktemp("distill")
    write_corpus(folder)
    models = dict.fromkeys(("classifier", "encoder", "mlm"), tiny_classifier)
    section = {
        "model": str(folder / "student"),
        "student": {"from": "teacher", "layers": [1]},
        "objective": {"kind": "kd", "alpha": 0.8},
        "training": {"steps": 4, "batch_size": 8, "precision": "fp32", "dropout": 0.0},
    }
    augment = {"copies": 1, "methods": [{"use": "typo.keyboard", "rate": 0.1}]}
    values = settings(folder, models, filter={}, augment=augment, distill=section)
    make(values, folder / "out")
    return Recipe.model_validate(values)


@pytest.fixture(scope="module")
def metrics(recipe):
    return distill(recipe)


def changed(recipe: Recipe, **section) -> Recipe:
    distill = recipe.distill.model_copy(update=section)
    return recipe.model_copy(update={"distill": distill})


def test_the_student_is_a_folder_that_transformers_reads(recipe, metrics):
    folder = recipe.distill.model
    (answer,) = pipeline("text-classification", folder)("a good film")
    assert answer["label"] in recipe.labels
    config = AutoConfig.from_pretrained(folder)
    assert config.num_hidden_layers == 1
    assert config.calibration_temperature == pytest.approx(metrics["temperature"])


def test_the_metrics_are_of_student_and_soft_labels_before_and_after_scaling(recipe, metrics):
    assert json.loads(Path(recipe.distill.model, "metrics.json").read_text()) == metrics
    for split in ("validation", "test"):
        assert metrics[f"{split}, stored soft labels"]["agreement"] == 1.0
        assert metrics[f"{split}, scaled"]["accuracy"] == metrics[split]["accuracy"]
    assert metrics["validation, scaled"]["nll"] <= metrics["validation"]["nll"] + 1e-9


def test_the_card_names_data_and_figures(recipe, metrics):
    card = Path(recipe.distill.model, "README.md").read_text()
    accuracy = metrics["test"]["accuracy"]
    assert f"| test | {metrics['test']['rows']} | {accuracy:.4f} |" in card
    assert "for 4 steps" in card
    assert f"weights are those of step {metrics['best_step']}" in card
    assert "fingerprint of the data set's recipe: `None`" not in card


def test_a_second_call_trains_nothing_and_leaves_no_checkpoint(recipe, metrics, monkeypatch):
    monkeypatch.setattr("mashbill.models.distill.run.train_student", None)
    assert distill(recipe) == metrics
    names = {path.name for path in Path(recipe.distill.model).parent.iterdir()}
    assert not [name for name in names if "checkpoint" in name]


def test_a_baseline_has_a_folder_of_its_own(recipe, metrics):
    found = distill(recipe, "hard-real")
    assert Path(recipe.distill.model + "-hard-real", "model.safetensors").is_file()
    assert found["test"] != metrics["test"]


@pytest.mark.parametrize(
    ("baseline", "alpha", "variants", "unlabelled"),
    [
        ("hard-real", 0.0, False, False),
        ("kd-real", 0.8, False, True),
        ("hard-synthetic", 0.0, True, False),
        ("kd", 0.8, True, True),
    ],
)
def test_baselines_take_as_many_steps(recipe, baseline, alpha, variants, unlabelled):
    from mashbill.models.distill.dataset import open_data

    data = open_data(recipe.output.path, recipe.task)
    training = recipe.distill.training.model_copy(update={"steps": None, "epochs": 2})
    plan = student_plan(changed(recipe, training=training), data, baseline)
    assert plan.objective == Distillation(alpha=alpha)
    assert (plan.selection.variants, plan.selection.unlabelled) == (variants, unlabelled)
    assert plan.training.steps == round(2 * data.splits["train"].rows / 8)


def test_other_words_of_the_noise_that_chooses_a_checkpoint_are_another_student(
    recipe, tmp_path, capsys
):
    training = recipe.distill.training.model_copy(update={"choose_under": ("synonym",)})
    student = changed(recipe, training=training, model=str(tmp_path / "student"))
    suites = Evaluate(wordnet=str(write_wordnet(tmp_path / "wordnet")))
    student = student.model_copy(update={"evaluate": suites})
    for _ in range(2):
        distill(student)
    assert "up to date" in capsys.readouterr().err
    with (tmp_path / "wordnet/cntlist.rev").open("a") as counts:
        counts.write("\n")
    distill(student)
    assert "up to date" not in capsys.readouterr().err


def test_what_does_not_fit_is_said_before_any_training(recipe, monkeypatch, tmp_path):
    monkeypatch.setattr("mashbill.models.distill.run.train_student", None)
    with pytest.raises(MashbillError, match=r"no file SPLIT.*mashbill generate writes"):
        distill(changed(recipe, data=DataChoice(path=str(tmp_path))))
    with pytest.raises(MashbillError, match=r"distill.data.mix: no train row is by 'typo.keybord'"):
        distill(changed(recipe, data=DataChoice(mix={"typo.keybord": 2.0})))
    with pytest.raises(MashbillError, match="no section distill"):
        distill(recipe.model_copy(update={"distill": None}))


def test_a_baseline_weighs_its_losses_as_the_recipe_does():
    from mashbill.models.distill.objectives import Distillation, PseudoLabels
    from mashbill.pipelines.student_plan import baseline_objective

    own = PseudoLabels(alpha=1.0, temperature=3.0, form="mse")
    assert baseline_objective(own, hard=False) == Distillation(
        alpha=1.0, temperature=3.0, form="mse"
    )
    assert baseline_objective(own, hard=True).alpha == 0.0


def test_a_student_of_its_own_needs_no_teacher(recipe, tiny_encoder, tmp_path):
    student = FromCheckpoint.model_validate({"from": "checkpoint", "model": str(tiny_encoder)})
    alone = changed(recipe, student=student, model=str(tmp_path / "student"))
    teacher = recipe.teacher.model_copy(update={"model": str(tmp_path / "gone")})
    found = distill(alone.model_copy(update={"teacher": teacher}))
    assert found["layers"] == 2
    of_the_teacher = changed(recipe, model=str(tmp_path / "other"))
    with pytest.raises(MashbillError, match="gone does not exist"):
        distill(of_the_teacher.model_copy(update={"teacher": teacher}))


def test_a_student_of_the_corpus_pieces_says_what_was_cut(recipe, metrics, tmp_path):
    section = recipe.distill.model_dump(mode="json", by_alias=True)
    section |= {"model": str(tmp_path / "student")}
    section["student"] = {"from": "teacher", "layers": [1], "vocabulary": "corpus"}
    cut = Recipe.model_validate(
        recipe.model_dump(mode="json", by_alias=True) | {"distill": section}
    )
    found = distill(cut)
    about = found["vocabulary"]
    assert about["pieces"] < about["pieces_before"]
    assert found["parameters"] < about["parameters_before"] == metrics["parameters"]
    assert 0 <= about["test"]["texts_that_need_another_piece"] <= 1
    config = AutoConfig.from_pretrained(tmp_path / "student")
    assert config.vocab_size == about["pieces"]
    card = (tmp_path / "student/README.md").read_text()
    assert f"knows {about['pieces']} of the teacher's {about['pieces_before']} pieces" in card
    (answer,) = pipeline("text-classification", str(tmp_path / "student"))("a good film 🦄")
    assert answer["label"] in recipe.labels


def test_an_assistant_needs_a_student_of_all_pieces(recipe, tiny_mlm, tmp_path):
    section = recipe.distill.model_dump(mode="json", by_alias=True)
    section["student"]["vocabulary"] = "corpus"
    assistant = {"model": str(tmp_path / "assistant"), "base": str(tiny_mlm)}
    cases = (
        {"distill": section | {"objective": {"kind": "adv", "assistant": str(tiny_mlm)}}},
        {"distill": section, "assistant": assistant, "rounds": 2},
        {"assistant": assistant | {"student": section["student"]}},
    )
    for changes in cases:
        values = recipe.model_dump(mode="json", by_alias=True) | changes
        with pytest.raises(ValidationError, match=r"student\.vocabulary: corpus: an assistant"):
            Recipe.model_validate(values)


@pytest.fixture(scope="module")
def exported(recipe, tmp_path_factory):
    """A recipe whose export failed at first, what was said of it, and the student's files then."""
    pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    training = recipe.distill.training.model_copy(update={"precision": "bf16"})
    folder = tmp_path_factory.mktemp("onnx") / "student"
    student = recipe.distill.student.model_copy(update={"vocabulary": "corpus"})
    wanted = changed(recipe, onnx=True, model=str(folder), training=training, student=student)
    before = os.umask(0o027)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mashbill.models.distill.export._export", None)
            with pytest.raises(MashbillError) as error:
                distill(wanted)
        left = sorted(path.name for path in folder.iterdir())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mashbill.models.distill.run.train_student", None)
            return wanted, str(error.value), left, distill(wanted)
    finally:
        os.umask(before)


def test_a_failed_export_keeps_the_student_and_is_tried_again_alone(exported):
    wanted, said, left, found = exported
    assert said.startswith(
        f"the student in {wanted.distill.model} is trained and saved, but its export to ONNX"
    )
    assert {"model.safetensors", "config.json", "README.md", "metrics.json"} <= set(left)
    assert not [name for name in left if "onnx" in name]
    assert found["onnx"]["model.onnx"]["largest_difference"] < 1e-3


def test_all_files_of_a_student_have_the_mode_of_a_new_file(exported):
    files = [path for path in Path(exported[0].distill.model).iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"model.onnx", "model-int8.onnx", "model.safetensors"}
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o640"}
