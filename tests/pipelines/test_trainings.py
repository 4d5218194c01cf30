"""The two training commands over a small corpus: done once, then up to date."""

import json
import shutil

import pytest

from mashbill.models.checks import check_classifier, check_masked_lm
from mashbill.models.errors import MashbillError, ModelError
from mashbill.models.loading import weight_hash
from mashbill.pipelines.adapt_mlm import adapt_mlm
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.train_teacher import train_teacher

NOUNS = ["movie", "film", "plot", "actor", "scene", "story", "music"]


@pytest.fixture
def settings(tmp_path, tiny_encoder, tiny_mlm):
    rows = [
        {"text": f"the {noun} was {word} and {other}", "label": label}
        for label, words in (("negative", ["bad", "dull"]), ("positive", ["good", "great"]))
        for word in words
        for noun in NOUNS
        for other in ("slow", "sharp", "warm")
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    (tmp_path / "more.txt").write_text("i love this story\nwe saw the best scene\n")
    return {
        "seed": 3,
        "corpus": [
            {"name": "rows", "path": str(tmp_path / "rows.jsonl"), "label": "label"},
            {"name": "more", "path": str(tmp_path / "more.txt"), "split": "train"},
        ],
        "labels": ["negative", "positive"],
        "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
        "teacher": {
            "model": str(tmp_path / "teacher"),
            "max_length": 32,
            "train": {"base": str(tiny_encoder), "epochs": 1, "batch_size": 8},
        },
        "mlm": {
            "model": str(tmp_path / "mlm"),
            "base": str(tiny_mlm),
            "epochs": 1,
            "batch_size": 8,
            "max_length": 32,
        },
        "output": {"path": str(tmp_path / "out")},
    }


def test_the_teacher_is_trained_once(settings, tmp_path, capsys):
    recipe = Recipe.model_validate(settings)
    metrics = train_teacher(recipe)
    assert metrics.keys() == {"validation", "test"}
    figures = {"rows", "accuracy", "macro_f1", "nll", "brier", "worst_class", "ece"}
    assert metrics["validation"].keys() == figures
    assert json.loads((tmp_path / "teacher" / "metrics.json").read_text()) == metrics
    check_classifier(str(tmp_path / "teacher"), recipe.task)
    before = weight_hash(str(tmp_path / "teacher"))
    said = capsys.readouterr().err  # of 84 rows, validation and test have about 17 each
    for split in ("validation", "test"):
        assert f"teacher: warning: {split}: fewer than 10 labelled rows of" in said
    assert train_teacher(recipe) == metrics
    assert "up to date" in capsys.readouterr().err
    assert weight_hash(str(tmp_path / "teacher")) == before


@pytest.mark.parametrize("change", ["recipe", "data"])
def test_the_teacher_is_trained_anew_after_a_change(settings, tmp_path, capsys, change):
    train_teacher(Recipe.model_validate(settings))
    if change == "recipe":
        settings["teacher"]["train"]["epochs"] = 2
    else:
        with (tmp_path / "rows.jsonl").open("a") as file:
            file.write('{"text": "i hate it", "label": "negative"}\n')
    capsys.readouterr()
    train_teacher(Recipe.model_validate(settings))
    assert "up to date" not in capsys.readouterr().err


def test_the_masked_lm_is_adapted_once(settings, tmp_path, capsys):
    recipe = Recipe.model_validate(settings)
    metrics = adapt_mlm(recipe)
    assert metrics.keys() == {"before", "after"}
    assert metrics["before"]["masked_tokens"] == metrics["after"]["masked_tokens"] > 0
    check_masked_lm(str(tmp_path / "mlm"))
    capsys.readouterr()
    assert adapt_mlm(recipe) == metrics
    assert "up to date" in capsys.readouterr().err


def test_nothing_to_train_is_said(settings):
    del settings["mlm"], settings["teacher"]["train"]
    recipe = Recipe.model_validate(settings)
    with pytest.raises(MashbillError, match="no section mlm"):
        adapt_mlm(recipe)
    with pytest.raises(MashbillError, match=r"no section teacher\.train"):
        train_teacher(recipe)


def test_a_folder_of_someone_else_is_left_alone(settings, tmp_path, tiny_classifier):
    settings["teacher"]["model"] = str(tiny_classifier)
    before = weight_hash(str(tiny_classifier))
    with pytest.raises(ModelError, match="did not make"):
        train_teacher(Recipe.model_validate(settings))
    assert weight_hash(str(tiny_classifier)) == before


def test_the_masked_lm_is_told_the_labels_where_there_are_any(settings, tmp_path):
    settings["mlm"]["condition_on_label"] = True
    metrics = adapt_mlm(Recipe.model_validate(settings))
    assert metrics["after"].keys() - metrics["before"].keys() == {"told_top1", "told_top5"}
    config = json.loads((tmp_path / "mlm" / "config.json").read_text())
    assert config["condition_labels"] == ["negative", "positive"]
    assert [path.name for path in tmp_path.glob(".mlm*")] == []


def test_a_base_that_claims_a_head_must_have_it(settings, tmp_path, tiny_encoder):
    base = shutil.copytree(tiny_encoder, tmp_path / "base")
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"architectures": ["BertForMaskedLM"]}))
    settings["mlm"]["base"] = str(base)
    with pytest.raises(ModelError, match="lacks weights: cls"):
        adapt_mlm(Recipe.model_validate(settings))


@pytest.mark.parametrize("train", [train_teacher, adapt_mlm])
def test_rows_that_cannot_be_used_are_told_and_too_many_end_a_training(
    settings, tmp_path, capsys, train
):
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write('{broken\n{"text": "so so", "label": "neutral"}\n')
    recipe = Recipe.model_validate(settings)
    with pytest.raises(MashbillError, match=r"rows: 2 of 86 rows \(2.3%\) are rejects") as error:
        train(recipe)
    assert "more rejects than --max-rejects allows" in str(error.value)
    assert "rows.jsonl, line 85" in str(error.value)
    assert not (tmp_path / "teacher").exists()
    assert not (tmp_path / "mlm").exists()
    train(recipe, max_rejects=0.03)
    told = capsys.readouterr().err
    assert "2 of 88 rows are rejects and left out:" in told
    assert "1 x read: " in told
