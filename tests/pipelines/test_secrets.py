"""Addresses with a password and a token: neither is printed or written, whatever the command."""

import json
import shutil

import pytest
import yaml
from click.testing import CliRunner

from mashbill.pipelines.cli import main
from mashbill.pipelines.fingerprint import fingerprint
from tests.pipelines.runs import settings, write_corpus
from tests.pipelines.vault import PREFIX, SECRET, VaultFileSystem

TEACHER = f"https:/me:{SECRET}@host/teacher"  # a folder, which an address with // names as well


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_classifier):
    """Where the commands run: a recipe whose corpus, output and models all have such addresses."""
    folder = tmp_path_factory.mktemp("secrets")
    write_corpus(folder)
    shutil.copytree(tiny_classifier, folder / TEACHER)
    teacher = TEACHER.replace(":/", "://", 1)
    values = settings(folder, dict.fromkeys(("classifier", "encoder", "mlm"), teacher), filter={})
    for corpus in values["corpus"]:
        kind = "text" if corpus["path"].endswith("txt") else "jsonl"
        corpus |= {"path": f"{PREFIX}{corpus['path']}?token={SECRET}", "format": kind}
    student = {
        "model": f"students://me:{SECRET}@host/student",
        "student": {"from": "teacher", "layers": [1]},
        "objective": {"kind": "kd", "alpha": 0.8},
        "training": {"steps": 2, "batch_size": 8, "precision": "fp32"},
    }
    values |= {
        "augment": {"copies": 1, "methods": [{"use": "typo.keyboard"}]},
        "output": {"path": f"{PREFIX}{folder}/out", "shards": 2},
        "distill": student,
        "evaluate": {"suites": ["typo"], "models": {"other": teacher}, "limit": 5},
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(values))
    return folder


@pytest.fixture(scope="module")
def said(folder, all_drawn):
    """What each command printed, in order; the last one fails."""
    on_disk = ["--set", f"output.path={folder}/out"]
    commands = [
        ["--debug", "generate", "recipe.yaml", "--max-rejects=1"],
        ["inspect", f"{PREFIX}{folder}/out"],
        ["distill", "recipe.yaml", *on_disk],  # models and measures read plain folders
        ["evaluate", "recipe.yaml", *on_disk],
        ["--debug", "generate", "recipe.yaml", "--set", "seed=8"],
        ["inspect", f"{PREFIX}{folder}/nowhere?token={SECRET}"],
    ]
    assert VaultFileSystem.scheme() == "vault"
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        return [CliRunner().invoke(main, command) for command in commands]


def test_no_command_prints_them(said):
    for done in said[:-2]:
        assert done.exit_code == 0, done.output
    for done in said[-2:]:
        assert done.exit_code == 1, done.output
    assert "vault://…@host/" in said[0].output
    assert [done.output for done in said if SECRET in done.output] == []


def test_no_file_holds_them(folder, said):
    mine = ("out", f"students:/me:{SECRET}@host")
    written = [path for top in mine for path in (folder / top).rglob("*") if path.is_file()]
    names = {path.name for path in written}
    assert {"run.json", "README.md", "report.html", "evaluation.json", "metrics.json"} <= names
    assert [path for path in written if SECRET.encode() in path.read_bytes()] == []
    run = json.loads((folder / "out/run.json").read_text())
    assert run["teacher"]["model"] == "https://…@host/teacher"


def test_another_password_makes_no_other_run():
    one, other = ({"path": f"https://me:{secret}@host/a"} for secret in ("one", "two"))
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one) != fingerprint({"path": "https://me:one@host/b"})
