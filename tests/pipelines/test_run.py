"""`mashbill run` goes on at the stage and the partition where it died."""

import json
from pathlib import Path

import pytest

import mashbill.pipelines.generate
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.run import run_all
from tests.pipelines.runs import assert_same_rows, make, read_rows, settings, write_corpus

OPTIONS = {"overwrite": False, "max_rejects": 0.9, "workers": 1, "partitions": 2, "beam_args": ()}


class Died(Exception):
    """Stands for whatever ends a run."""


@pytest.fixture
def recipe(tmp_path, tiny_classifier, tiny_encoder, tiny_mlm):
    write_corpus(tmp_path, rows=40)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    train = {"base": str(tiny_encoder), "epochs": 1}
    training = {"steps": 2, "batch_size": 8, "precision": "fp32"}
    values = settings(
        tmp_path,
        models,
        filter={},
        augment={"copies": 1, "methods": [{"use": "typo.keyboard", "rate": 0.1}]},
        teacher={"model": str(tmp_path / "teacher"), "max_length": 32, "train": train},
        distill={"model": str(tmp_path / "student"), "training": training},
        evaluate={"suites": ["clean"], "limit": 4},
    )
    return Recipe.model_validate(values)


@pytest.fixture
def jobs(monkeypatch, partitions_here):
    """The number of each partition that is started from now on, if it is one of several."""
    made, call = [], mashbill.pipelines.generate.call_apart

    def recorded(function, recipe, job, *args):
        made.append(job["partition"])
        return call(function, recipe, job, *args)

    monkeypatch.setattr("mashbill.pipelines.generate.call_apart", recorded)
    return made


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_a_run_goes_on_where_it_died(recipe, jobs, tmp_path, monkeypatch):
    run_apart = mashbill.pipelines.generate.call_apart

    def dies_in_the_second(*args):
        if len(jobs) == 1:
            raise Died
        return run_apart(*args)

    def dies(_):
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr("mashbill.pipelines.generate.call_apart", dies_in_the_second)
        with pytest.raises(Died):
            run_all(recipe, **OPTIONS)
    teacher, first = times(tmp_path / "teacher"), times(tmp_path / "out/data")
    assert jobs == [1]

    jobs.clear()
    with monkeypatch.context() as patched:
        patched.setattr("mashbill.pipelines.run.distill", dies)
        with pytest.raises(Died):
            run_all(recipe, **OPTIONS)
    assert jobs == [1, 2]
    assert times(tmp_path / "teacher") == teacher
    assert first.items() <= times(tmp_path / "out/data").items()

    jobs.clear()
    data = times(tmp_path / "out/data")
    run_all(recipe, **OPTIONS)
    assert jobs == [1]
    assert times(tmp_path / "out/data") == data
    for student in ("student", "student-kd-real"):
        assert (tmp_path / student / "model.safetensors").is_file()
    evaluation = json.loads((tmp_path / "out/evaluation.json").read_text())
    assert list(evaluation["models"]) == ["teacher", "student", "kd-real"]
    assert [one["under"] for one in evaluation["bought"]["under"]] == ["clean"]
    undisturbed = make(recipe.model_dump(mode="json", by_alias=True), tmp_path / "undisturbed")
    assert_same_rows(read_rows(tmp_path / "out"), read_rows(undisturbed))
