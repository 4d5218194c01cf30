"""SIGKILL at every kind of moment: the rerun ends with what an undisturbed run makes.

A command is killed before its n-th change on disk, its rerun before another, and so on; the last
rerun ends. The suite takes a few moments of each command, `make kill` every single one.
"""

import json
import os
import random
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.pipelines.processes import Command, run
from tests.pipelines.runs import make, settings, write_corpus

EVERY = bool(os.environ.get("MASHBILL_KILL_EVERYWHERE"))
COMMANDS = ("train-teacher", "finalize", "distill", "evaluate")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, tiny_encoder, tiny_classifier):
    """A recipe whose data set lies there, with a teacher of random weights."""
    folder = tmp_path_factory.mktemp("kills")
    write_corpus(folder)
    models = dict.fromkeys(("classifier", "encoder", "mlm"), tiny_classifier)
    augment = {"copies": 1, "methods": [{"use": "typo.keyboard", "rate": 0.1}]}
    values = settings(folder, models, filter={}, augment=augment)
    values["teacher"]["precision"] = "bf16"
    make(values, folder / "work" / "out")
    values["output"]["path"] = str(folder / "work" / "out")
    training = {"steps": 6, "evaluate_every": 2, "batch_size": 8, "precision": "bf16"}
    values["distill"] = {
        "model": str(folder / "work" / "student"),
        "student": {"from": "teacher", "layers": [1]},
        "training": training,
    }
    values["evaluate"] = {"suites": ["typo"], "limit": 8, "baseline": None}
    teacher = {"base": str(tiny_encoder), "epochs": 2, "batch_size": 16}
    own = {**values["teacher"], "model": str(folder / "work" / "teacher"), "train": teacher}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(values))
    (folder / "teacher.yaml").write_text(yaml.safe_dump({**values, "teacher": own}))
    return folder / "recipe.yaml"


def arguments(command: str, recipe: Path) -> list[str]:
    if command == "finalize":
        return [command, str(recipe.parent / "work" / "out"), "--max-rejects=1"]
    if command == "train-teacher":
        return [command, str(recipe.parent / "teacher.yaml"), "--max-rejects=1"]
    return [command, str(recipe)]


class Undisturbed(NamedTuple):
    """A command that nobody killed.

    Attributes:
        before: the folder as it found it; what the commands before it have made is there.
        after: what it left.
        changes: how many it made on disk.
    """

    before: Path
    after: dict[str, object]
    changes: int


@pytest.fixture(scope="module")
def undisturbed(recipe):
    """Each command by its name, one after the other."""
    work, found = recipe.parent / "work", {}
    for command in COMMANDS:
        before = shutil.copytree(work, recipe.parent / "kept" / command)
        process = Command(*arguments(command, recipe), below=work)
        code, said = process.end()
        assert code == 0, said
        found[command] = Undisturbed(before, contents(work), process.changes)
    return found


def contents(folder: Path) -> dict[str, object]:
    """Every file; how fast a model was is left out."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.name == "evaluation.json":
            evaluation = json.loads(path.read_text())
            for model in evaluation["models"].values():
                del model["speed"]
            found[name] = evaluation
        elif path.name == "report.html":
            found[name] = "evaluation" in path.read_text()
        else:
            found[name] = path.read_bytes() if path.is_file() else None
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_killed_again_and_again_it_ends_with_the_same(recipe, undisturbed, command):
    work = recipe.parent / "work"
    before, expected, changes = undisturbed[command]
    assert changes > 4
    for moments in _moments(changes):
        shutil.rmtree(work)
        shutil.copytree(before, work)
        for moment in moments:
            code, said = run(*arguments(command, recipe), below=work, kill=moment)
            assert code in (-9, 0), said  # a rerun that resumes may have less to change
        code, said = run(*arguments(command, recipe), below=work)
        assert code == 0, said
        assert contents(work) == expected, moments


def _moments(changes: int) -> list[list[int]]:
    """The changes before which a command and its reruns are killed, one after the other."""
    if not EVERY:
        return [[changes // 2, changes - 2, changes // 4]]
    drawn = random.Random(7)
    return [[moment, drawn.randint(1, changes)] for moment in range(1, changes + 1)]
