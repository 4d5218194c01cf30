"""Disks that are full or may only be read: one line says so, and nothing half-written stays."""

import errno
import os

import pytest
from apache_beam.io.filesystems import FileSystems
from click.testing import CliRunner

from mashbill.pipelines.cli import main
from tests.pipelines.finished import finished
from tests.pipelines.runs import make, settings, write_corpus

PAGES = ("run.json", "README.md", "report.html")


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_classifier):
    folder = tmp_path_factory.mktemp("disks")
    write_corpus(folder)
    models = dict.fromkeys(("classifier", "encoder", "mlm"), tiny_classifier)
    augment = {"copies": 1, "methods": [{"use": "edit.swap"}]}
    return make(settings(folder, models, filter={}, augment=augment), folder / "out")


def files(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def finalize(out):
    return CliRunner().invoke(main, ["finalize", str(out), "--max-rejects=1"])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
@pytest.mark.parametrize("page", PAGES)
def test_a_full_disk_in_finalize_is_one_line_and_space_makes_it_whole(made, monkeypatch, page):
    create = FileSystems.create

    def full(path, *arguments, **options):
        if path.endswith(f"-{page}"):
            return open("/dev/full", "wb")
        return create(path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(FileSystems, "create", full)
        ended = finalize(made)
    assert ended.exit_code == 1
    line = f"mashbill: {made / page}: cannot be written: No space left on device"
    assert ended.stderr.splitlines()[-1] == line
    assert "Traceback" not in ended.stderr
    assert not [name for name in files(made) if ".tmp-" in name]
    assert finalize(made).exit_code == 0
    assert set(PAGES) <= files(made)


def test_a_data_set_that_may_only_be_read_can_be_inspected(tmp_path, monkeypatch):
    out = finished(tmp_path)
    before = files(out)

    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(FileSystems, "create", refuse)
    done = CliRunner().invoke(main, ["inspect", str(out)])
    assert done.exit_code == 0
    assert "rows by split" in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith("no report: ")
    assert last.endswith("cannot be written: Read-only file system")
    assert files(out) == before
