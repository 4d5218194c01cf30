"""Model folders are whole or not there, and only what a training of ours has made is removed."""

import os
import shutil
from contextlib import contextmanager

import pytest
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mashbill.models.errors import ModelError
from mashbill.models.model_folder import (
    finished_metrics,
    kept_checkpoints,
    lone_launch,
    new_model_folder,
    save_model,
    write_metrics,
)


def make(folder, fingerprint, accuracy):
    with (
        kept_checkpoints(folder, fingerprint),
        new_model_folder(folder, fingerprint) as new,
    ):
        write_metrics(new, {"accuracy": accuracy})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class Killed(BaseException):
    pass


@contextmanager
def killed(monkeypatch, function, after=0):
    """The call number `after` of an `os` function, and all that would clean up, do not happen."""
    calls = []

    def call(*arguments):
        calls.append(arguments)
        if len(calls) > after:
            monkeypatch.setattr(shutil, "rmtree", lambda *a, **k: None)
            monkeypatch.setattr("mashbill.models.model_folder._remove", lambda work: None)
            raise Killed
        return real(*arguments)

    real = getattr(os, function)
    with monkeypatch.context() as monkeypatch:
        monkeypatch.setattr(os, function, call)
        with pytest.raises(Killed):
            yield


def test_a_finished_model_is_known_by_its_fingerprint(tmp_path):
    folder = tmp_path / "deep" / "teacher"
    assert finished_metrics(folder, "f1") is None
    make(folder, "f1", 0.5)
    assert finished_metrics(folder, "f1") == {"accuracy": 0.5}
    assert finished_metrics(folder, "f2") is None


def test_a_new_model_replaces_the_old_one_as_a_whole(tmp_path):
    folder = tmp_path / "teacher"
    make(folder, "f1", 0.5)
    (folder / "left-over").touch()
    make(folder, "f2", 0.6)
    assert finished_metrics(folder, "f2") == {"accuracy": 0.6}
    assert names(folder) == ["fingerprint.json", "metrics.json"]
    assert names(tmp_path) == ["teacher"]


def test_a_failed_training_leaves_the_old_model(tmp_path):
    folder = tmp_path / "teacher"
    make(folder, "f1", 0.5)
    with (
        pytest.raises(RuntimeError),
        kept_checkpoints(folder, "f2"),
        new_model_folder(folder, "f2"),
    ):
        raise RuntimeError
    assert finished_metrics(folder, "f1") == {"accuracy": 0.5}
    assert names(tmp_path) == ["teacher"]


def test_a_folder_of_someone_else_is_never_replaced(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="did not make"):
        finished_metrics(tmp_path, "f1")


def test_checkpoints_outlive_a_failure_and_go_with_other_settings(tmp_path):
    folder = tmp_path / "teacher"
    seen = []

    def fail(fingerprint):
        with kept_checkpoints(folder, fingerprint) as checkpoints:
            seen.append(names(checkpoints))
            (checkpoints / "checkpoint-3").mkdir(exist_ok=True)
            raise Killed

    for _ in range(2):
        with pytest.raises(Killed):
            fail("f1")
    assert seen == [[], ["checkpoint-3"]]
    with kept_checkpoints(folder, "f2") as checkpoints:
        assert names(checkpoints) == []
    assert names(tmp_path) == []


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_killed_while_the_old_model_is_replaced(tmp_path, monkeypatch, renames):
    """Renames: the metrics into place, the old model away, the new one here."""
    folder = tmp_path / "teacher"
    make(folder, "f1", 0.5)
    name = ("replace", "rename", "rename")[renames]
    with killed(monkeypatch, name, after=max(0, renames - 1)):
        make(folder, "f2", 0.6)
    expected = {"accuracy": 0.6} if renames == 2 else None
    assert finished_metrics(folder, "f2") == expected
    assert finished_metrics(folder, "f1") == (None if renames == 2 else {"accuracy": 0.5})
    make(folder, "f2", 0.7)
    assert finished_metrics(folder, "f2") == {"accuracy": 0.7}
    assert names(tmp_path) == ["teacher"]


def test_what_a_training_leaves_that_was_killed_at_its_very_end_goes(tmp_path, monkeypatch):
    folder = tmp_path / "teacher"
    monkeypatch.setattr("mashbill.models.model_folder._remove", lambda work: None)
    make(folder, "f1", 0.5)
    monkeypatch.undo()
    assert names(tmp_path) == [".teacher-training", "teacher"]
    assert finished_metrics(folder, "f1") == {"accuracy": 0.5}
    assert names(tmp_path) == ["teacher"]


@pytest.mark.parametrize("link", [False, True])
def test_a_folder_of_someone_else_where_checkpoints_would_go(tmp_path, link):
    theirs = tmp_path / ("elsewhere" if link else ".teacher-training")
    theirs.mkdir()
    (theirs / "notes.txt").write_text("mine")
    if link:
        (theirs / "training.json").touch()
        (tmp_path / ".teacher-training").symlink_to(theirs)
    with pytest.raises(ModelError, match="was not created by this command"):
        make(tmp_path / "teacher", "f1", 0.5)
    assert (theirs / "notes.txt").read_text() == "mine"


def test_a_file_of_someone_else_among_ours_stays(tmp_path):
    folder = tmp_path / "teacher"
    with kept_checkpoints(folder, "f1") as checkpoints:
        (checkpoints.parent / "notes.txt").write_text("mine")
    assert names(tmp_path / ".teacher-training") == ["notes.txt"]


def test_two_trainings_of_one_model_at_once(tmp_path):
    folder = tmp_path / "teacher"
    with kept_checkpoints(folder, "f1") as checkpoints:
        (checkpoints / "checkpoint-1").mkdir()
        with pytest.raises(ModelError, match="another process is training this model"):
            make(folder, "f2", 0.5)
        assert names(checkpoints) == ["checkpoint-1"]
        make(tmp_path / "student", "f1", 0.5)  # another model is nobody's concern


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_the_umask_decides_who_reads_a_model(tiny_classifier, tmp_path, umask):
    before = os.umask(umask)
    try:
        model = AutoModelForSequenceClassification.from_pretrained(tiny_classifier)
        save_model(model, AutoTokenizer.from_pretrained(tiny_classifier), tmp_path / "model")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "model").iterdir()}
    assert "model.safetensors" in modes
    assert set(modes.values()) == {0o666 & ~umask}


@pytest.mark.parametrize(
    ("said", "world", "warns"),
    [("True", None, True), ("true", "2", False), ("False", None, False), (None, None, False)],
)
def test_who_asks_accelerate_for_processes_without_a_gpu_is_told_that_there_is_one(
    monkeypatch, said, world, warns
):
    for name, value in (("ACCELERATE_USE_CPU", said), ("WORLD_SIZE", world)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert (lone_launch() is not None) == warns
