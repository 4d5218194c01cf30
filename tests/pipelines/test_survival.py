"""What a run survives: killed workers and drivers, Ctrl-C, a full disk, a file that changes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import yaml

from mashbill.models.elsewhere import GPUS_VARIABLE
from mashbill.models.errors import MashbillError
from mashbill.pipelines.finalize import finalize
from mashbill.pipelines.generate import generate
from mashbill.pipelines.recipe import Recipe
from tests.pipelines.runs import assert_same_rows, make, read_rows, settings, write_corpus
from tests.waiting import wait_until

KILLS = int(os.environ.get("MASHBILL_KILLS", "2"))
SLOW = pytest.mark.slow
COMMAND = [sys.executable, "-m", "mashbill"]
ONE_WORKER = ("--", "--direct_running_mode=multi_processing", "--direct_num_workers=1")
ORPHANS_END = 30  # seconds
HANGS = 600  # seconds; a loaded machine takes some


@pytest.fixture(scope="module")
def values(tmp_path_factory, tiny_classifier, tiny_encoder, tiny_mlm):
    folder = tmp_path_factory.mktemp("survival")
    write_corpus(folder, rows=200)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    return settings(folder, models)


@pytest.fixture(scope="module")
def rows(values):
    return read_rows(make(values, Path(values["output"]["path"])))


def start(values: dict, out: Path, *options: str) -> subprocess.Popen:
    """`mashbill generate` in a process of its own."""
    recipe = out.parent / f"{out.name}.yaml"
    recipe.write_text(yaml.safe_dump({**values, "output": {"path": str(out), "shards": 3}}))
    command = [*COMMAND, "generate", str(recipe), "--partitions=2", "--max-rejects=1", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def workers(run: subprocess.Popen) -> list[psutil.Process]:
    """The Python processes below the command, which is itself below the parent that watches it."""
    try:
        below = psutil.Process(run.pid).children(recursive=True)
        return [one for one in below if one.ppid() != run.pid and "python" in one.name()]
    except psutil.Error:  # it has just ended
        return []


def beam_workers(run: subprocess.Popen) -> list[psutil.Process]:
    found = []
    for one in workers(run):
        with suppress(psutil.Error):  # it has just ended
            found += [one] if "sdk_worker" in " ".join(one.cmdline()) else []
    return found


def wait_for(condition, run: subprocess.Popen) -> None:
    wait_until(lambda: condition() or run.poll() is not None, HANGS)


def files(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "number", [0, *(pytest.param(number, marks=SLOW) for number in range(1, KILLS))]
)
def test_whoever_is_killed_whenever_a_rerun_ends_with_the_same_rows(
    values, rows, tmp_path, partitions_here, monkeypatch, number
):
    monkeypatch.setenv(GPUS_VARIABLE, str(number % 2))  # workers that are killed share their models
    out, moment = tmp_path / "out", random.Random(number).uniform(0, 6)
    run = start(values, out, "--workers=2")
    if number % 2:  # a worker; it lives from the first bundle on
        wait_for(lambda: beam_workers(run), run)
        time.sleep(moment / 3)
        if found := beam_workers(run) if number < 3 else workers(run):
            random.Random(number).choice(found).kill()
    else:
        time.sleep(moment)
        run.kill()
    # Workers hold its standard error: those of a killed driver must end too.
    _, said = run.communicate(timeout=HANGS if number % 2 else ORPHANS_END)
    if run.returncode == 1:
        last = said.strip().splitlines()[-1]
        assert "a worker process was killed" in last
        assert "of 3 shards" in last
    assert generate(recipe_into(values, out), partitions=2)
    assert_same_rows(read_rows(out), rows)
    finalize(str(out), max_rejects=1)
    assert files(out) == files_of_a_whole_run(values)


def files_of_a_whole_run(values: dict) -> set[str]:
    out = Path(values["output"]["path"])
    finalize(str(out), max_rejects=1)
    return files(out)


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=SLOW)])
def test_a_signal_ends_it_at_once_and_says_how_to_go_on(values, rows, tmp_path, number):
    out = tmp_path / "out"
    run = start(values, out, *ONE_WORKER)
    wait_for(lambda: beam_workers(run), run)
    below = workers(run)
    run.send_signal(number)
    _, said = run.communicate(timeout=HANGS)
    assert run.returncode == 128 + number
    assert "Traceback" not in said
    last = said.strip().splitlines()[-1]
    assert f"of 3 shards in {out} are finished; run the same command again to resume" in last
    # It has closed its files, but the system may still be giving back its memory.
    assert psutil.wait_procs(below, timeout=ORPHANS_END)[1] == []


def test_an_input_that_changes_between_two_runs_is_refused(values, tmp_path):
    corpus = tmp_path / "reviews.jsonl"
    shutil.copy(values["corpus"][0]["path"], corpus)
    changed = {**values, "corpus": [{**values["corpus"][0], "path": str(corpus)}]}
    generate(recipe_into(changed, tmp_path / "out"), partition=1, partitions=3)
    with corpus.open("a") as file:
        file.write('{"text": "one more", "label": "positive"}\n')
    with pytest.raises(MashbillError, match=r"other settings(.|\n)*inputs\.reviews"):
        generate(recipe_into(changed, tmp_path / "out"), partition=2, partitions=3)


def recipe_into(values: dict, out: Path) -> Recipe:
    return Recipe.model_validate({**values, "output": {"path": str(out), "shards": 3}})


@pytest.fixture
def mounted(tmp_path):
    """Mounts a tmpfs of a given size in `tmp_path`, and remounts it read-only if asked."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    place = tmp_path / "mount"
    place.mkdir()

    def mount(options: str) -> Path:
        found = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True
        )
        if found.returncode:
            pytest.skip(f"a tmpfs cannot be mounted here: {found.stderr.decode().strip()}")
        return place

    yield mount
    subprocess.run(["umount", str(place)], capture_output=True, check=False)


def test_a_full_disk_is_said_in_one_line_and_space_lets_it_go_on(values, rows, mounted):
    out = mounted("size=48k") / "out"
    with pytest.raises(MashbillError, match="No space left on device") as raised:
        generate(recipe_into(values, out))
    assert len(str(raised.value).splitlines()) == 1
    subprocess.run(["mount", "-o", "remount,size=64m", str(out.parent)], check=True)
    assert generate(recipe_into(values, out))
    assert_same_rows(read_rows(out), rows)
    assert not [name for name in files(out) if ".tmp-" in name]


def test_a_folder_that_is_read_only_is_refused_before_any_work(values, mounted):
    out = mounted("size=1m,ro") / "out"
    with pytest.raises(MashbillError, match=r"out: cannot be written: .*Read-only file system"):
        generate(recipe_into(values, out))


def test_workers_of_a_killed_driver_end_even_before_their_first_bundle(values, tmp_path):
    run = start(values, tmp_path / "out", "--workers=2")
    wait_for(lambda: workers(run), run)
    below = workers(run)
    run.kill()
    run.communicate(timeout=HANGS)
    assert below
    assert psutil.wait_procs(below, timeout=HANGS)[1] == []
