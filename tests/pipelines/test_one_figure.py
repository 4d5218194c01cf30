"""A model and a set have one accuracy, whoever tells it."""

import json
import re
from pathlib import Path

import pytest

from mashbill.pipelines.distill import distill
from mashbill.pipelines.evaluation.evaluate import evaluate
from mashbill.pipelines.finalize import finalize
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.train_teacher import train_teacher
from tests.pipelines.runs import make, settings, write_corpus

FIGURES = ("accuracy", "macro_f1", "nll", "brier", "worst_class", "ece")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, tiny_classifier, tiny_encoder, tiny_mlm):
    """In bfloat16, where a row's logits hang on its neighbours in a batch; among the test rows are
    variants and texts without a label too."""
    folder = tmp_path_factory.mktemp("figures")
    write_corpus(folder, rows=120)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    values = settings(folder, models, filter={})
    values["corpus"][1] |= {"name": "more", "split": "test"}
    values["augment"] = {"copies": 1, "methods": [{"use": "typo.keyboard"}]}
    values["augment"]["splits"] = ["train", "validation", "test"]
    training = {"base": str(tiny_encoder), "epochs": 1, "batch_size": 8, "learning_rate": 1e-3}
    values["teacher"] = {
        "model": str(folder / "teacher"), "precision": "bf16", "train": training, "max_length": 64
    }  # fmt: skip
    values["distill"] = {
        "model": str(folder / "student"),
        "student": {"from": "teacher", "layers": [1]},
        "training": {"steps": 4, "batch_size": 8, "precision": "fp32"},
    }
    values["evaluate"] = {"suites": ["truncation"]}
    return Recipe.model_validate(values)


@pytest.fixture(scope="module")
def metrics(recipe):
    """What each training says of its model, and what the evaluation says."""
    teacher = train_teacher(recipe, max_rejects=1.0)
    make(recipe.model_dump(mode="json", by_alias=True), Path(recipe.output.path))
    finalize(recipe.output.path, max_rejects=1.0)
    return {"teacher": teacher, "student": distill(recipe)}, evaluate(recipe)


@pytest.mark.parametrize("model", ["teacher", "student"])
def test_training_and_evaluation_tell_the_same_of_a_model(recipe, metrics, model):
    trained, evaluated = metrics
    (found,) = (r for r in evaluated["results"] if (r["model"], r["suite"]) == (model, "clean"))
    own = trained[model]["test"]
    assert {key: own[key] for key in FIGURES} == {key: found[key]["value"] for key in FIGURES}
    assert own["rows"] == found["rows"]
    folder = Path(recipe.teacher.model if model == "teacher" else recipe.distill.model)
    assert json.loads((folder / "metrics.json").read_text())["test"] == own


def test_so_do_card_and_report(recipe, metrics):
    own = metrics[0]["student"]["test"]
    card = Path(recipe.distill.model, "README.md").read_text()
    assert f"| test | {own['rows']} | {own['accuracy']:.4f} | {own['macro_f1']:.4f} |" in card
    page = Path(recipe.output.path, "report.html").read_text()
    shown = re.findall(r"<td>test</td><td>student</td><td>(\d+)</td><td>([\d.]+) %", page)
    assert shown == [(str(own["rows"]), f"{100 * own['accuracy']:.1f}")]
