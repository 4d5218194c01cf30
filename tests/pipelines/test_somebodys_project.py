"""Runs from inside a project whose folders have the names of ours, and of what we import."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import psutil
import pytest
import yaml

from tests.pipelines.runs import assert_same_rows, make, read_rows, settings, write_corpus

ROOT = Path(__file__).parents[2]
THEIRS = ("models", "transforms", "pipelines", "psutil", "torch", "transformers", "apache_beam")
HANGS = 600  # seconds; a loaded machine takes some
ONE_WORKER = ("--", "--direct_running_mode=multi_processing", "--direct_num_workers=1")
DRIVER = """
import subprocess, sys
from contextlib import nullcontext
from mashbill.pipelines.reaper import workers_end_with_the_driver
with {guard}():
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(worker.pid, flush=True)
    worker.wait()
"""


@pytest.fixture
def project(tmp_path) -> Path:
    """A folder with packages that do not let themselves be imported."""
    folder = tmp_path / "project"
    for name in THEIRS:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f"raise SystemExit('imported their {name}')")
    for name in ("pickle", "json", "random"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('imported their {name}')")
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The Python of a fresh environment: the wheel, and beside it all that it requires."""
    folder = tmp_path_factory.mktemp("installed")
    source, fresh = folder / "source", folder / "environment"
    source.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    for name in ("mashbill", "models", "transforms", "pipelines"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder, source]
    subprocess.run([*pip, *build], check=True, cwd=folder)
    venv.create(fresh, with_pip=False, symlinks=True)
    python = fresh / "bin/python"
    (wheel,) = folder.glob("mashbill-*.whl")
    install = ["--python", python, "install", "--no-deps", "--no-index", wheel]
    subprocess.run([*pip, *install], check=True, cwd=folder)
    # As a plain line the folder's own .pth files, an editable install among them, say nothing.
    (packages,) = fresh.glob("lib/python*/site-packages")
    (packages / "requirements.pth").write_text(sysconfig.get_path("purelib"))
    return python


@pytest.fixture
def values(project, tiny_classifier, tiny_encoder, tiny_mlm) -> dict:
    """A recipe whose models lie in the project's `models/`."""
    write_corpus(project)
    found = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    models = {name: project / "models" / name for name in found}
    for name, folder in found.items():
        shutil.copytree(folder, models[name])
    return settings(project, models)


def run_there(project: Path, installed: Path, program: str, *arguments: str) -> str:
    done = subprocess.run(
        [installed.with_name(program), *arguments],
        cwd=project, capture_output=True, text=True, timeout=HANGS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "imported their" not in done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "command", [("mashbill",), ("python", "-m", "mashbill")], ids=["command", "module"]
)
def test_the_wheel_imports_nothing_of_the_folder_that_it_runs_in(installed, project, command):
    assert "near_duplicate" in run_there(project, installed, *command, "filters")


@pytest.mark.slow
def test_the_wheel_makes_the_same_rows_beside_packages_of_the_same_names(
    installed, project, values, tmp_path
):
    """With a worker, which imports nothing of the folder either."""
    (project / "recipe.yaml").write_text(yaml.safe_dump(values))
    run_there(
        project, installed, "mashbill", "generate", "recipe.yaml", "--max-rejects=1", *ONE_WORKER
    )
    assert_same_rows(read_rows(project / "out"), read_rows(make(values, tmp_path / "here")))


def test_the_wheel_holds_the_renamed_folders_and_nothing_else(installed):
    (packages,) = installed.parents[1].glob("lib/python*/site-packages")
    assert {path.name for path in packages.iterdir() if path.is_dir()} == {
        "mashbill", next(packages.glob("mashbill-*.dist-info")).name
    }  # fmt: skip
    said = subprocess.run(
        [installed, "-P", "-c", "import mashbill.pipelines as p; print(p.__file__)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.startswith(str(packages))


def test_the_wheel_can_write_the_page_of_augmenters(installed):
    command = [installed, "-P", "-m", "mashbill.transforms.augmenters.docs"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout == (ROOT / "docs/augmenters.md").read_text("utf-8")


def worker_of_a_killed_driver(project: Path, guard: str) -> psutil.Process:
    command = [sys.executable, "-P", "-c", DRIVER.format(guard=guard)]
    pipe = subprocess.PIPE
    driver = subprocess.Popen(command, cwd=project, stdout=pipe, text=True)
    worker = psutil.Process(int(driver.stdout.readline()))
    driver.kill()
    driver.wait()
    driver.stdout.close()
    return worker


def test_no_worker_outlives_a_killed_driver_there(project):
    worker = worker_of_a_killed_driver(project, "workers_end_with_the_driver")
    assert worker.wait(timeout=30) is None


def test_without_the_reaper_it_would(project):
    worker = worker_of_a_killed_driver(project, "nullcontext")
    with pytest.raises(psutil.TimeoutExpired):
        worker.wait(timeout=1)
    worker.kill()


def test_a_call_apart_imports_nothing_of_it(project, monkeypatch):
    from mashbill.pipelines.apart import call_apart

    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    assert call_apart(os.getenv, "PYTHONSAFEPATH") == "1"
    assert "PYTHONSAFEPATH" not in os.environ
