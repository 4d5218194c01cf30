"""Checkpoints: written beside the training, whole or not at all, with what a resume needs."""

import threading

import pytest
import torch
from safetensors.torch import load_file

from mashbill.models.checkpoints import last_checkpoint
from mashbill.models.distill.run import train_student
from mashbill.models.distill.saving import Saver, Snapshot
from mashbill.models.errors import MachineError
from tests.models.distill.test_run import Killed, assert_same, data, plan, training, whole

__all__ = ["data", "plan", "whole"]  # fixtures

STATE = "trainer_state.json"


def text(content, path):
    path.write_text(content)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_snapshot_stays_what_it_was_while_the_weights_change():
    snapshot, weight = Snapshot(), torch.ones(3)
    state = {"state": {0: {"step": 4, "mean": weight}}, "groups": [{"lr": 0.1}]}
    kept = snapshot.of("optimizer", state)
    weight.mul_(2)
    assert kept["state"][0]["mean"].tolist() == [1, 1, 1]
    assert kept["groups"] == [{"lr": 0.1}]
    memory = kept["state"][0]["mean"].data_ptr()
    assert snapshot.of("optimizer", state)["state"][0]["mean"].data_ptr() == memory


def test_training_goes_on_while_a_checkpoint_is_written(tmp_path):
    saver, gate = Saver(tmp_path), threading.Event()
    saver.begin(2)
    saver.save(2, 2, {"model.safetensors": (lambda *_: gate.wait(60), None), STATE: (text, "{}")})
    assert not last_checkpoint(tmp_path)
    assert names(tmp_path) == [".checkpoint-2.unfinished"]
    gate.set()
    saver.begin(4)  # waits for the last one
    assert names(tmp_path) == [".checkpoint-4.unfinished", "checkpoint-2"]
    saver.close()


def test_of_older_checkpoints_the_best_keeps_its_weights_alone(tmp_path):
    saver = Saver(tmp_path)
    for step, best in ((2, 2), (4, 4), (6, 4)):
        place = saver.begin(step)
        (place / "rng_state.pth").touch()
        files = ("model.safetensors", "averages.safetensors", "optimizer.pt", STATE)
        saver.save(step, best, dict.fromkeys(files, (text, "{}")))
    saver.wait()
    assert names(tmp_path) == ["checkpoint-4", "checkpoint-6"]
    assert names(tmp_path / "checkpoint-4") == ["averages.safetensors", "model.safetensors"]
    assert len(names(tmp_path / "checkpoint-6")) == 5
    saver.close()


def full_disk(*_):
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_said_in_one_line_at_the_next_checkpoint(data, plan, tmp_path, monkeypatch):
    said = r"^the checkpoint of step 4 cannot be written: .*No space left on device"
    with monkeypatch.context() as patch:
        patch.setattr("mashbill.models.distill.trainer.save_file", full_disk)
        with pytest.raises(MachineError, match=said):
            train_student(data, plan, tmp_path)
    assert last_checkpoint(tmp_path) is None


def test_what_a_full_disk_has_cut_off_is_trained_again(data, plan, whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("mashbill.models.distill.trainer._write_text", full_disk)
        with pytest.raises(MachineError, match="step 4 cannot be written"):
            train_student(data, plan, tmp_path)
    assert_same(whole[0], train_student(data, plan, tmp_path))
    assert all(name.startswith("checkpoint-") for name in names(tmp_path))


def test_a_kill_while_a_checkpoint_is_written_resumes_from_the_one_before(
    data, plan, whole, tmp_path, monkeypatch
):
    def killed(self, step, best, files):
        if step == 8:
            write, content = files["model.safetensors"]
            write(content, self.place(step) / "model.safetensors")
            raise Killed
        return write_whole(self, step, best, files)

    write_whole = Saver._write
    with monkeypatch.context() as patch:
        patch.setattr(Saver, "_write", killed)
        with pytest.raises(Killed):
            train_student(data, plan, tmp_path)
    assert last_checkpoint(tmp_path).name == "checkpoint-4"
    lines = []
    assert_same(whole[0], train_student(data, plan, tmp_path, lines.append))
    assert lines[0] == "resumes after step 4"


def test_checkpoints_hold_no_more_than_a_resume_needs(data, plan, whole, tmp_path):
    _, folder = whole
    last = last_checkpoint(folder)
    assert names(last) == ["model.safetensors", STATE]  # nothing is left to train
    plan = training(plan, freeze_embeddings=True)
    with pytest.raises(Killed):
        train_student(data, plan, tmp_path, _dies_at_step(8))
    last = last_checkpoint(tmp_path)
    expected = ["model.safetensors", "optimizer.pt", "rng_state.pth", "scheduler.pt", STATE]
    assert names(last) == expected
    words = "bert.embeddings.word_embeddings.weight"
    weights = load_file(last / "model.safetensors")
    assert words not in weights
    assert "classifier.weight" in weights
    assert_same(
        train_student(data, plan, tmp_path / "undisturbed"), train_student(data, plan, tmp_path)
    )


def _dies_at_step(step):
    def report(line):
        if line.startswith(f"step {step}: validation"):
            raise Killed

    return report
