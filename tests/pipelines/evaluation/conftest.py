"""One evaluation of a distilled student, for the tests that look at a part of it."""

import pytest

from mashbill.pipelines.distill import distill
from mashbill.pipelines.evaluation.evaluate import evaluate
from mashbill.pipelines.finalize import finalize
from mashbill.pipelines.recipe import Recipe
from tests.pipelines.runs import make, settings, write_corpus


@pytest.fixture(scope="package")
def recipe(tmp_path_factory, tiny_classifier):
    """A student of one layer, beside the same one behind a corrector and a second teacher."""
    folder = tmp_path_factory.mktemp("cascades")
    write_corpus(folder, rows=120)
    models = dict.fromkeys(("classifier", "encoder", "mlm"), tiny_classifier)
    student = {
        "model": str(folder / "student"),
        "student": {"from": "teacher", "layers": [1]},
        "training": {"steps": 4, "batch_size": 8, "precision": "fp32"},
    }
    section = {
        "suites": ["typo"],
        "models": {"corrected": {"model": str(folder / "student"), "before": "spelling"}},
        "second_teacher": str(tiny_classifier),
    }
    values = settings(
        folder, models, filter={}, augment={"copies": 0}, distill=student,
        evaluate=section,
    )  # fmt: skip
    make(values, folder / "out")
    finalize(str(folder / "out"), max_rejects=1.0)
    return Recipe.model_validate(values)


@pytest.fixture(scope="package")
def metrics(recipe):
    return distill(recipe)


@pytest.fixture(scope="package")
def found(recipe, metrics):
    return evaluate(recipe, max_rejects=1.0)
