import os
from pathlib import Path

import numpy as np
import psutil
import pytest

from mashbill.models.classifier import Classifier
from mashbill.models.elsewhere import FOLDER_VARIABLE, GPUS_VARIABLE
from mashbill.models.errors import MachineError, MashbillError
from mashbill.pipelines.machine import gpus, models_in_common, workers_for
from mashbill.transforms.common_models import next_number, use_common_models
from tests.pipelines.processes import FORKS, SECONDS
from tests.pipelines.runs import assert_same_rows, make, read_rows, settings, write_corpus

GB = 1 << 30
TEXTS = ["the movie was good", "a very dull plot", "i love it"]


@pytest.mark.parametrize(
    ("cores", "gpus", "memory", "workers"),
    [
        (2, 0, 24 * GB, 1),  # the models use all cores
        (64, 0, 512 * GB, 1),
        (16, 1, 128 * GB, 6),
        (4, 1, 128 * GB, 3),  # a core is left for what holds the models
        (16, 1, 16 * GB, 5),
        (1, 1, 4 * GB, 1),
        (96, 8, 1024 * GB, 48),
        (32, 8, 1024 * GB, 24),
    ],
)
def test_as_many_workers_as_keep_the_gpus_busy_and_fit(cores, gpus, memory, workers):
    assert workers_for(cores, gpus, memory) == workers


def test_gpus_are_those_that_torch_may_use(monkeypatch):
    monkeypatch.delenv(GPUS_VARIABLE, raising=False)
    monkeypatch.setattr("mashbill.pipelines.machine.glob", lambda _: ["/dev/nvidia0", "…1", "…2"])
    monkeypatch.setattr("mashbill.pipelines.machine.version", lambda _: "2.13.0+cpu")
    assert gpus() == 0
    monkeypatch.setattr("mashbill.pipelines.machine.version", lambda _: "2.13.0")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus() == 3
    for visible, number in (("0,2", 2), ("", 0), ("-1", 0), ("0,1,2,3,4", 3)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert gpus() == number
    monkeypatch.setenv(GPUS_VARIABLE, "8")
    assert gpus() == 8
    monkeypatch.setenv(GPUS_VARIABLE, "all")
    with pytest.raises(MashbillError, match="MASHBILL_GPUS=all: expected a number"):
        gpus()


def test_workers_take_the_gpus_in_turn(tmp_path):
    assert [next_number(tmp_path) % 2 for _ in range(5)] == [0, 1, 0, 1, 0]


def test_models_are_in_common_where_there_is_a_gpu(monkeypatch):
    monkeypatch.setenv(GPUS_VARIABLE, "0")
    with models_in_common():
        assert FOLDER_VARIABLE not in os.environ
    monkeypatch.setenv(GPUS_VARIABLE, "2")
    with models_in_common():
        folder = Path(os.environ[FOLDER_VARIABLE])
        assert folder.is_dir()
    assert FOLDER_VARIABLE not in os.environ
    assert not folder.exists()


class Counted(Classifier):
    """Notes beside its model in which process it is loaded."""

    def __init__(self, model, *how):
        super().__init__(model, *how)
        with Path(model, "loaded").open("a") as file:
            file.write(f"{os.getpid()}\n")


def work(there, folder, model):
    """Answers texts until it is killed."""
    os.environ |= {FOLDER_VARIABLE: folder, GPUS_VARIABLE: "1"}
    use_common_models()
    engine = Counted.load(model)
    while True:
        try:
            there.send(engine.logits(there.recv()))
        except MachineError as error:
            there.send(str(error))
            os._exit(1)


@pytest.mark.slow
def test_two_workers_share_a_model_and_none_waits_for_one_that_was_killed(
    tiny_classifier, tmp_path
):
    model = tmp_path / "model"
    model.mkdir()
    for file in tiny_classifier.iterdir():
        (model / file.name).symlink_to(file)
    pipes = [FORKS.Pipe() for _ in range(2)]
    workers = [FORKS.Process(target=work, args=(b, str(tmp_path), str(model))) for _, b in pipes]
    here = [mine for mine, _ in pipes]
    for worker, (_, there) in zip(workers, pipes, strict=True):
        worker.start()
        there.close()
    for connection in here:
        connection.send(TEXTS)
    expected = Classifier.load(str(tiny_classifier)).logits(TEXTS)
    for connection in here:
        assert connection.poll(SECONDS)
        np.testing.assert_allclose(connection.recv(), expected, atol=1e-5)
    (holder,) = map(int, (model / "loaded").read_text().split())
    assert holder not in {worker.pid for worker in workers}
    owner = psutil.Process(holder).ppid()
    (killed,) = (number for number, one in enumerate(workers) if one.pid == owner)
    workers[killed].kill()
    psutil.wait_procs([psutil.Process(holder)] if psutil.pid_exists(holder) else [], SECONDS)
    assert not psutil.pid_exists(holder)
    other = here[1 - killed]
    other.send(TEXTS)
    assert other.poll(SECONDS)
    assert "a worker process was killed" in other.recv()
    for worker in workers:
        worker.join(SECONDS)


@pytest.mark.slow
def test_workers_that_share_models_make_the_rows_of_one_process(
    tiny_classifier, tiny_encoder, tiny_mlm, tmp_path, monkeypatch
):
    write_corpus(tmp_path, rows=20)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    values = settings(tmp_path, models)
    alone = read_rows(make(values, tmp_path / "alone"))
    met = tmp_path / "met"
    met.mkdir()
    monkeypatch.setenv(GPUS_VARIABLE, "1")
    monkeypatch.setattr(
        "mashbill.pipelines.machine.TemporaryDirectory", lambda **_: Kept(tmp_path / "met")
    )
    assert_same_rows(read_rows(make(values, tmp_path / "shared", workers=2)), alone)
    assert {path.name for path in met.iterdir()} >= {"worker-0", "worker-1", "gpu-0.lock"}


class Kept:
    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        return str(self.folder)

    def __exit__(self, *_):
        pass
