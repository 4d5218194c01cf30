"""`distill.data.fresh` in a recipe: what it does, says and refuses."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from mashbill.models.errors import MashbillError
from mashbill.models.model_folder import METRICS_FILE
from mashbill.pipelines.distill import distill
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.student_plan import student_plan
from tests.pipelines.runs import make, settings, write_corpus

TYPOS = {"use": "typo.keyboard", "rate": [0.05, 0.4]}


@pytest.fixture(scope="module")
def values(tmp_path_factory, tiny_classifier):
    folder = tmp_path_factory.mktemp("fresh")
    write_corpus(folder)
    models = dict.fromkeys(("classifier", "encoder", "mlm"), tiny_classifier)
    section = {
        "model": str(folder / "student"),
        "student": {"from": "teacher", "layers": [1]},
        "data": {"fresh": {"methods": [TYPOS, {"use": "contraction"}], "share": 0.75}},
        "training": {"steps": 4, "batch_size": 8, "precision": "fp32"},
    }
    found = settings(folder, models, filter={}, augment={"copies": 0}, distill=section)
    make(found, folder / "out")
    return found


def with_fresh(values, **fresh):
    """The recipe with other fresh noise."""
    section = {**values["distill"], "data": {"fresh": {"methods": [TYPOS], **fresh}}}
    return {**values, "distill": section}


def test_a_student_learns_from_fresh_variants_and_says_how_many(values):
    recipe = Recipe.model_validate(values)
    found = distill(recipe)["fresh"]
    assert json.loads(Path(recipe.distill.model, METRICS_FILE).read_text())["fresh"] == found
    assert found["rows"] == found["made"] + found["fell_back"]
    reasons = ("exhausted", "held_out", "label_lost", "refused", "failed")
    assert found["fell_back"] == sum(found[name] for name in reasons)
    assert 16 <= found["rows"] <= 32  # of 4 steps of 8 rows, three in four
    card = Path(recipe.distill.model, "README.md").read_text()
    assert f"trained on {found['rows']} rows whose variants were made in that very pass" in card


def test_other_fresh_noise_is_another_student(values, tmp_path):
    first = distill(Recipe.model_validate(values))
    changed = with_fresh(values, methods=[{**TYPOS, "rate": 0.9}])
    changed["distill"]["model"] = str(tmp_path / "other")
    assert distill(Recipe.model_validate(changed))["validation"] != first["validation"]


def test_a_baseline_has_none(values):
    from mashbill.models.distill.dataset import open_data

    recipe = Recipe.model_validate(values)
    data = open_data(recipe.output.path, recipe.task)
    own, baseline = (student_plan(recipe, data, name) for name in (None, "kd-real"))
    assert (own.selection.fresh, baseline.selection.fresh) == (0.75, 0.0)
    assert baseline.fresh is None


@pytest.mark.parametrize(
    ("method", "why"),
    [
        (
            {"use": "contextual.substitute", "model": "mlm"},
            "methods.1: contextual.substitute needs a model",
        ),
        (
            {"use": "contextual.insert", "model": "mlm"},
            "methods.1: contextual.insert needs a model",
        ),
        (
            {"use": "chain", "of": ["typo.delete", {"use": "distribution.tfidf"}]},
            r"methods.1: chain\(typo.delete\+distribution.tfidf\) needs statistics of the corpus",
        ),
        ({"use": "typo.keybord"}, "did you mean 'typo.keyboard'"),
        ({"use": "typo.homophone"}, "typo.homophone works in zh, not in en"),
        ({"use": "typo.keyboard", "protect": ["spans"]}, "its texts have no named entities"),
    ],
)
def test_what_a_training_cannot_make_is_an_error_of_the_recipe(values, method, why):
    with pytest.raises(ValidationError, match=why):
        Recipe.model_validate(with_fresh(values, methods=[TYPOS, method]))


def test_soft_labels_name_augmenters_that_make_variants(values):
    with pytest.raises(ValidationError, match=r"no method is 'typo.keybord' \(did you mean"):
        Recipe.model_validate(with_fresh(values, soft_labels={"typo.keybord": "teacher"}))


def test_a_live_teacher_needs_a_student_that_knows_all_pieces(values):
    changed = with_fresh(values, soft_labels="teacher")
    changed["distill"]["student"] = {**values["distill"]["student"], "vocabulary": "corpus"}
    with pytest.raises(ValidationError, match="a live teacher would read fresh variants in other"):
        Recipe.model_validate(changed)


def test_a_live_teacher_is_one_model(values):
    both = [values["teacher"]["model"], "another"]
    changed = with_fresh(values, soft_labels="teacher") | {
        "teacher": {"kind": "ensemble", "of": both}
    }
    with pytest.raises(ValidationError, match="not available with a teacher of kind ensemble"):
        Recipe.model_validate(changed)


def test_tables_that_are_missing_are_said_before_any_training(values, monkeypatch, tmp_path):
    monkeypatch.setattr("mashbill.models.distill.run.train_student", None)
    method = {"use": "synonym.wordnet", "wordnet": str(tmp_path / "nowhere")}
    recipe = Recipe.model_validate(with_fresh(values, methods=[TYPOS, method]))
    with pytest.raises(MashbillError, match=r"^distill.data.fresh.methods.1: .*nowhere"):
        distill(recipe)


def test_a_live_teacher_labels_the_methods_that_are_named(values, tmp_path):
    fresh = {"methods": [TYPOS, {"use": "edit.delete"}], "soft_labels": {"edit.delete": "teacher"}}
    changed = with_fresh(values, **fresh)
    changed["distill"]["model"] = str(tmp_path / "student")
    recipe = Recipe.model_validate(changed)
    plan = student_plan(recipe, None, None)
    assert plan.asks_teacher
    assert plan.fresh.live == {"edit.delete"}
    assert distill(recipe)["fresh"]["made"] > 0
