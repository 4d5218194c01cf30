import multiprocessing
import os
import stat
from multiprocessing.context import AuthenticationError
from multiprocessing.managers import BaseManager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from apache_beam.utils import multi_process_shared

from mashbill.models import elsewhere
from mashbill.models.classifier import Classifier
from mashbill.models.elsewhere import FOLDER_VARIABLE, GPUS_VARIABLE, KEY_FILE
from mashbill.models.errors import MachineError, MashbillError
from mashbill.pipelines.generate import generate
from mashbill.pipelines.machine import gpus, models_in_common, workers_for, write_key
from mashbill.transforms import common_models
from mashbill.transforms.common_models import next_number, use_common_models
from tests.pipelines.processes import FORKS, SECONDS
from tests.pipelines.runs import assert_same_rows, make, read_rows, settings, write_corpus

GB = 1 << 30
TEXTS = ["the movie was good", "a very dull plot", "i love it"]


@pytest.mark.parametrize(
    ("cores", "gpus", "memory", "shards", "workers", "why"),
    [
        (2, 0, 24 * GB, 8, 1, "the models use all cores, and no GPU was found"),
        (64, 0, 512 * GB, 8, 1, "the models use all cores, and no GPU was found"),
        (16, 1, 128 * GB, 8, 6, "as many as keep one GPU busy"),
        (4, 1, 128 * GB, 8, 3, "a core for each of 4, but for one GPU"),  # which needs one
        (16, 1, 16 * GB, 8, 5, "as many as fit into 17 GB of free memory beside one GPU"),
        (16, 1, 128 * GB, 2, 2, "one for each of 2 shards"),
        (1, 1, 4 * GB, 8, 1, "as many as fit into 4 GB of free memory beside one GPU"),
        (96, 8, 1024 * GB, 64, 48, "as many as keep 8 GPUs busy"),
        (32, 8, 1024 * GB, 64, 24, "a core for each of 32, but for 8 GPUs"),
    ],
)
def test_as_many_workers_as_keep_the_gpus_busy_and_fit(cores, gpus, memory, shards, workers, why):
    assert workers_for(cores, gpus, memory, shards) == (workers, why)


def test_a_job_says_how_many_workers_were_chosen_and_why(monkeypatch):
    jobs = []
    monkeypatch.setattr(
        "mashbill.pipelines.generate._make_shards", lambda _, job, *how: jobs.append(job)
    )
    monkeypatch.setattr("mashbill.pipelines.machine.free_memory", lambda: 128 * GB)
    monkeypatch.setattr("mashbill.pipelines.machine.os.cpu_count", lambda: 16)
    recipe = SimpleNamespace(output=SimpleNamespace(shards=8))
    remote = {"beam_args": ["--runner=X"]}
    for there, options in (("0", {}), ("1", {}), ("1", {"workers": 3}), ("1", remote)):
        monkeypatch.setenv(GPUS_VARIABLE, there)
        assert generate(recipe, **options)
    without = "the models use all cores, and no GPU was found; --workers says otherwise"
    assert [(job["workers"], job["chosen"]) for job in jobs] == [
        (1, f"generate: one worker ({without})"),
        (6, "generate: 6 workers (as many as keep one GPU busy; --workers says otherwise)"),
        (3, ""),
        (1, ""),
    ]


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
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert FOLDER_VARIABLE not in os.environ
    assert not folder.exists()


def test_who_does_not_know_the_key_of_the_run_cannot_ask_for_its_models(tmp_path, monkeypatch):
    own = multi_process_shared.AUTH_KEY
    monkeypatch.setattr(multi_process_shared, "AUTH_KEY", own)
    monkeypatch.setattr(multiprocessing.current_process(), "authkey", own)
    monkeypatch.setattr(common_models, "_holder", elsewhere.Holder)
    monkeypatch.setattr(common_models, "MultiProcessShared", shared_by_a_thread)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv(GPUS_VARIABLE, "1")
    write_key(tmp_path)
    try:
        use_common_models()
        assert elsewhere.is_elsewhere()
    finally:
        elsewhere.use(None)
    host, port = (tmp_path / "gpu-0.address").read_text().split(":")
    address = host, int(port)
    BaseManager(address, (tmp_path / KEY_FILE).read_bytes()).connect()
    for key in (own, b"", bytes(32)):
        with pytest.raises(AuthenticationError):
            BaseManager(address, key).connect()


def shared_by_a_thread(*arguments, **named):
    """Beam's `MultiProcessShared`, which needs no other process to listen at its port."""
    return multi_process_shared.MultiProcessShared(*arguments, **{**named, "spawn_process": False})


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
    write_key(tmp_path)
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
