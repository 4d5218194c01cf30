"""`mashbill check`: a preview, every fault at once, and no model's weights."""

import shutil

import pytest
import yaml
from click.testing import CliRunner

from mashbill.pipelines.cli import main
from tests.pipelines.runs import settings, write_corpus


@pytest.fixture
def values(tmp_path, tiny_classifier, tiny_encoder, tiny_mlm):
    write_corpus(tmp_path, rows=40)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    values = settings(tmp_path, models)
    values["teacher"] |= {"model": str(tmp_path / "teacher"), "train": {"base": str(tiny_encoder)}}
    return values


@pytest.fixture
def check(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")

    def check(values, *options):
        (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(values))
        return CliRunner().invoke(main, ["check", str(tmp_path / "recipe.yaml"), *options])

    return check


def test_rows_rejects_models_and_variants_are_shown(values, check, tmp_path):
    done = check(values, "--max-rejects", "1")
    assert done.exit_code == 0, done.output
    assert "reviews: checked all 45 rows" in done.stdout
    assert "1 x read: " in done.stdout
    assert "reviews.jsonl, line" in done.stdout
    assert "created by mashbill train-teacher" in done.stdout
    assert done.stdout.count("\n  typo.keyboard: ") + done.stdout.count("\n  edit.swap: ") > 1
    assert not (tmp_path / "out").exists()


def test_a_filler_that_finds_few_words_is_said(values, check, tiny_mlm, tmp_path):
    mlm = shutil.copytree(tiny_mlm, tmp_path / "mlm")
    (mlm / "metrics.json").write_text('{"after": {"top1": 0.1}}')
    values["augment"]["methods"] = [{"use": "contextual.substitute", "model": str(mlm)}]
    done = check(values, "--max-rejects", "1")
    assert f"the masked LM {mlm} predicts 10% of the hidden tokens" in done.stdout


def test_every_fault_is_named_and_none_is_a_start(values, check):
    values["filter"]["similarity_model"] = "nowhere"
    values["teacher"]["train"]["base"] = "nothing"
    values["evaluate"] = {"suites": ["typo"], "models": {"x": "neither"}}
    done = check(values)
    assert done.exit_code == 1
    for fault in (
        "reviews: 4 of 45 rows",
        "model folder nowhere does not exist",
        "teacher.train.base: model folder nothing does not exist",
        "evaluate.models.x: model folder neither does not exist",
    ):
        assert fault in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_that_is_not_in_the_environment_is_a_fault(values, check, monkeypatch):
    endpoint = {"url": "http://localhost:9/v1", "model": "m", "key_from": "MY_KEY"}
    method = {"use": "chain", "of": [{"use": "rewrite.prompt", "endpoint": endpoint}]}
    values["augment"]["methods"].append(method)
    monkeypatch.delenv("MY_KEY", raising=False)
    line = "http://localhost:9/v1: the environment variable MY_KEY is not set"
    assert line in check(values, "--max-rejects", "1").stderr
    monkeypatch.setenv("MY_KEY", "sk-secret")
    done = check(values, "--max-rejects", "1")
    assert done.exit_code == 0
    assert "sk-secret" not in done.output


def test_an_output_that_would_mix_with_an_input_is_a_fault(values, check, tmp_path):
    values["output"]["path"] = str(tmp_path)
    done = check(values)
    assert done.exit_code == 1
    assert f"output.path: {tmp_path} contains an input" in done.stderr
