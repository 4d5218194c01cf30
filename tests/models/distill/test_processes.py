"""Several processes, as torchrun starts them, train one student together."""

import os
import socket
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
import torch
from transformers import TrainerCallback

from mashbill.models.distill.run import train_student
from tests.models.distill.test_fresh import FRESH, Selection
from tests.models.distill.test_fresh import data as fresh_data
from tests.models.distill.test_run import Killed, data, plan, training
from tests.pipelines.processes import FORKS, SECONDS

__all__ = ["data", "fresh_data", "plan"]  # fixtures


def together(processes, train):
    """What `train(rank)` gives in each of so many processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with ProcessPoolExecutor(processes, mp_context=FORKS) as pool:
        coming = [pool.submit(_one, rank, processes, port, train) for rank in range(processes)]
        return [one.result(timeout=SECONDS) for one in coming]


def _one(rank, processes, port, train):
    names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": processes, "MASTER_PORT": port}
    os.environ |= {name: str(value) for name, value in names.items()}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    try:
        return train(rank)
    except Killed as error:
        return repr(error)


class Found:
    """A student without what cannot be sent from process to process."""

    def __init__(self, trained, lines=()):
        state = trained.model.state_dict()
        self.weights = {name: one.numpy() for name, one in state.items()}
        self.losses = [line["loss"] for line in trained.log if "loss" in line]
        self.terms = [line["loss/soft"] for line in trained.log if "loss/soft" in line]
        self.accuracies = [line["eval_divergence"] for line in trained.log
                           if "eval_divergence" in line]  # fmt: skip
        self.fresh = None if trained.fresh is None else trained.fresh.tolist()
        self.chief = trained.chief
        self.lines = list(lines)


class Dies(TrainerCallback):
    """Kills the training after a step."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            raise Killed


def trains(data, plan, folder, *callbacks):
    return partial(_train, data, plan, folder, callbacks)


def _train(data, plan, folder, callbacks, rank):
    lines = []
    return Found(train_student(data, plan, folder, lines.append, callbacks), lines)


def assert_alike(left, right, **tolerance):
    for name, weight in left.weights.items():
        if tolerance["atol"] and name.endswith("key.bias"):
            continue  # softmax takes no notice of it: its gradient is what rounding leaves of 0
        torch.testing.assert_close(
            torch.tensor(weight), torch.tensor(right.weights[name]), msg=name, **tolerance
        )


# Both sum the same numbers, in another order: float32 has a relative error of 6e-8 a sum, and
# AdamW, which divides by the gradient's own size, makes of it at most a few steps' share.
LOSSES = {"rel": 1e-4}
WEIGHTS = {"rtol": 1e-3, "atol": 2e-4}


@pytest.fixture(scope="module")
def two(data, plan, tmp_path_factory):
    """Two processes, eight rows each."""
    folder = tmp_path_factory.mktemp("two")
    plan = training(plan, dropout=0.0)
    return together(2, trains(data, plan, folder)), folder


def test_two_processes_are_one_with_the_doubled_batch(data, plan, two, tmp_path):
    (first, second), _ = two
    doubled = training(plan, dropout=0.0, batch_size=16)
    alone = Found(train_student(data, doubled, tmp_path))
    assert first.losses == pytest.approx(alone.losses, **LOSSES)
    assert first.terms == pytest.approx(alone.terms, **LOSSES)
    assert first.accuracies == pytest.approx(alone.accuracies, rel=1e-3)
    assert_alike(first, alone, **WEIGHTS)
    assert_alike(first, second, rtol=0, atol=0)
    assert (first.chief, second.chief) == (True, False)


def test_only_the_first_reports_and_saves(two):
    (first, second), folder = two
    assert any("validation" in line for line in first.lines)
    assert second.lines == []
    assert {path.name for path in folder.iterdir()} <= {"checkpoint-4", "checkpoint-8",
                                                        "checkpoint-12"}  # fmt: skip


def test_killed_together_they_come_to_the_same_end(data, plan, two, tmp_path):
    (undisturbed, _), _ = two
    plan = training(plan, dropout=0.0)

    assert together(2, trains(data, plan, tmp_path, Dies(8))) == ["Killed()"] * 2
    states = sorted(path.name for path in tmp_path.glob("checkpoint-4/rng_state*"))
    assert states == ["rng_state_0.pth", "rng_state_1.pth"]
    first, _ = together(2, trains(data, plan, tmp_path))
    assert first.lines[0] == "resumes after step 4"
    assert_alike(first, undisturbed, rtol=0, atol=0)


def test_fresh_noise_is_shared_too(fresh_data, plan, tmp_path):
    fresh = replace(plan, fresh=FRESH, selection=Selection(fresh=0.6))
    fresh = training(fresh, dropout=0.0)
    first, _ = together(2, trains(fresh_data, fresh, tmp_path / "two"))
    doubled = training(fresh, batch_size=16)
    alone = Found(train_student(fresh_data, doubled, tmp_path / "one"))
    assert first.losses == pytest.approx(alone.losses, **LOSSES)
    assert first.fresh == alone.fresh


def test_another_number_of_processes_is_a_warning(data, plan, tmp_path):
    with pytest.raises(Killed):
        train_student(data, plan, tmp_path, callbacks=[Dies(8)])
    first, _ = together(2, trains(data, plan, tmp_path))
    assert first.lines[0] == "resumes after step 4"
    assert first.lines[1].startswith("warning: 2 processes go on with what 1 began")
