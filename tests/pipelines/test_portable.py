"""The same rows on Beam's portable runner, in this process's workers and in a pool of their own."""

import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from mashbill.models.errors import MashbillError
from tests.pipelines.portable import prism_binary
from tests.pipelines.runs import assert_same_rows, make, read_rows, settings, write_corpus
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def prism(tmp_path_factory):
    return prism_binary(tmp_path_factory.mktemp("prism"))


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, tiny_classifier, tiny_encoder, tiny_mlm):
    folder = tmp_path_factory.mktemp("portable")
    write_corpus(folder, rows=40)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    return settings(folder, models)


@pytest.fixture(scope="module")
def local(recipe, tmp_path_factory):
    """The rows of the local runner."""
    return read_rows(make(recipe, tmp_path_factory.mktemp("local")))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("localhost", port)) == 0


@contextmanager
def running(command: list[str], port: int, **options):
    """A server, from when its port answers on."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    try:
        wait_until(lambda: listens(port), 300)  # a loaded machine takes a minute
        assert listens(port), f"{command[0]} did not listen on {port}"
        yield process
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def external_workers(prism: Path, folder: Path):
    """Options for Prism as a server with workers that inherit nothing of this process, and the
    process of the pool that starts these."""
    jobs, pool = free_port(), free_port()
    root = Path(__file__).parents[2]
    bare = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONPATH": str(root)}
    server = [str(prism), f"--job_port={jobs}", "--serve_http=false"]
    workers = [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main"]
    workers += [f"--service_port={pool}"]
    with (
        running(server, jobs, cwd=folder),
        running(workers, pool, cwd=folder, env={**bare, "HOME": str(folder)}) as started,
    ):
        yield (
            started,
            [
                "--runner=PortableRunner",
                f"--job_endpoint=localhost:{jobs}",
                f"--artifact_endpoint=localhost:{jobs}",
                "--environment_type=EXTERNAL",
                f"--environment_config=localhost:{pool}",
                "--sdk_worker_parallelism=1",
            ],
        )


@pytest.mark.parametrize("runner", ["PrismRunner", "DirectRunner"])
def test_prism_makes_the_same_rows(recipe, local, prism, tmp_path, runner):
    args = [f"--runner={runner}", f"--prism_location={prism}"]
    assert_same_rows(read_rows(make(recipe, tmp_path, beam_args=args)), local)


@pytest.mark.slow
def test_workers_of_their_own_make_the_same_rows(recipe, local, prism, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    with external_workers(prism, tmp_path / "elsewhere") as (_, args):
        assert_same_rows(read_rows(make(recipe, tmp_path / "out", beam_args=args)), local)


@pytest.mark.slow
def test_a_killed_worker_is_one_line_and_a_rerun_makes_the_same_rows(
    recipe, local, prism, tmp_path
):
    def kill_those_there_are() -> list[int]:
        for worker in psutil.Process(pool.pid).children(recursive=True):
            worker.kill()
            killed.append(worker.pid)
        return killed

    killed: list[int] = []
    with external_workers(prism, tmp_path) as (pool, args):
        killer = threading.Thread(target=wait_until, args=(kill_those_there_are,))
        killer.start()
        with pytest.raises(MashbillError) as raised:
            make(recipe, tmp_path / "out", beam_args=args)
        killer.join()
    assert killed
    (line,) = str(raised.value).splitlines()
    assert "of 3 shards" in line
    assert "run the same command again to resume" in line
    assert_same_rows(read_rows(make(recipe, tmp_path / "out")), local)


def test_a_job_server_that_is_not_there_is_one_line(recipe, tmp_path):
    args = ["--runner=PortableRunner", f"--job_endpoint=localhost:{free_port()}"]
    args += ["--job_server_timeout=2", "--environment_type=LOOPBACK"]
    with pytest.raises(MashbillError) as raised:
        make(recipe, tmp_path, beam_args=args)
    assert "\n" not in str(raised.value)
