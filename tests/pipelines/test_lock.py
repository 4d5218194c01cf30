"""Two writers of one folder, and what dead ones leave."""

import json
import os
import socket
import time

import psutil
import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.lock import SILENCE, Holder, writes_into
from mashbill.transforms.layout import LOCKS


def holder(**changes) -> Holder:
    """Another writer in a process that is alive: this one's parent."""
    parent = psutil.Process().parent()
    now = time.time()
    values = {
        "run": "f00",
        "alone": False,
        "host": socket.gethostname(),
        "pid": parent.pid,
        "started": parent.create_time(),
        "since": now - 10,
        "seen": now,
        "name": "other.json",
    }
    return Holder(**{**values, **changes})


def put(out, other: Holder) -> None:
    (out / LOCKS).mkdir(parents=True, exist_ok=True)
    (out / LOCKS / other.name).write_text(json.dumps(other._asdict()))


def test_alone_in_a_folder(tmp_path):
    with writes_into(str(tmp_path), "f00") as nobody_else:
        assert nobody_else
        assert len(list((tmp_path / LOCKS).iterdir())) == 1
    assert not list((tmp_path / LOCKS).iterdir())


def test_jobs_of_one_run_write_side_by_side(tmp_path):
    put(tmp_path, holder())
    with writes_into(str(tmp_path), "f00") as nobody_else:
        assert not nobody_else


@pytest.mark.parametrize(
    ("other", "run", "alone"),
    [
        (holder(run="other"), "f00", False),
        (holder(run="other"), "f00", True),
        (holder(), "f00", True),
        (holder(alone=True), "f00", False),
        (holder(host="far away", pid=1), "other", False),
    ],
)
def test_another_writer_is_named(tmp_path, other, run, alone):
    put(tmp_path, other._replace(seen=time.time()))
    message = rf"another run is writing here \(process {other.pid} on {other.host}, since 2"
    with pytest.raises(MashbillError, match=message), writes_into(str(tmp_path), run, alone):
        pass
    assert [path.name for path in (tmp_path / LOCKS).iterdir()] == ["other.json"]


@pytest.mark.parametrize(
    "dead",
    [
        holder(started=1.0),
        holder(pid=2**22 + 1),
        holder(host="far away", seen=time.time() - 2 * SILENCE),
    ],
)
def test_what_dead_writers_left_is_removed(tmp_path, dead):
    put(tmp_path, dead._replace(run="other"))
    with writes_into(str(tmp_path), "f00") as nobody_else:
        assert nobody_else
        assert not (tmp_path / LOCKS / "other.json").exists()


def test_of_two_that_come_together_the_first_waits_until_the_other_has_gone(tmp_path, monkeypatch):
    put(tmp_path, holder(run="other", since=time.time() + 10, settled=False))
    looks = []

    def wait(_):
        looks.append(1)
        if len(looks) == 3:
            (tmp_path / LOCKS / "other.json").unlink()

    monkeypatch.setattr("mashbill.pipelines.lock.time.sleep", wait)
    with writes_into(str(tmp_path), "f00") as nobody_else:
        assert nobody_else
    assert len(looks) == 3


def test_it_gives_way_where_the_other_has_settled_without_seeing_it(tmp_path, monkeypatch):
    late = holder(run="other", since=time.time() + 10, settled=False)
    put(tmp_path, late)
    monkeypatch.setattr(
        "mashbill.pipelines.lock.time.sleep",
        lambda _: put(tmp_path, late._replace(settled=True)),
    )
    with pytest.raises(MashbillError, match="another run"), writes_into(str(tmp_path), "f00"):
        pass


def test_half_a_file_of_a_dead_writer_is_removed_and_of_a_living_one_not(tmp_path):
    dead, alive, broken = (f".tmp-{number:032x}-{number:032x}.json" for number in range(3))
    put(tmp_path, holder(name=dead, started=1.0))
    put(tmp_path, holder(name=alive, run="other"))
    (tmp_path / LOCKS / broken).write_text("{")
    with writes_into(str(tmp_path), "f00") as nobody_else:
        assert nobody_else
    assert {path.name for path in (tmp_path / LOCKS).iterdir()} == {alive, broken}
    os.utime(tmp_path / LOCKS / broken, (1, 1))
    with writes_into(str(tmp_path), "f00"):
        assert not (tmp_path / LOCKS / broken).exists()


def test_strangers_files_among_the_locks_stay(tmp_path):
    (tmp_path / LOCKS).mkdir()
    (tmp_path / LOCKS / "mine.json").write_text("mine")
    with writes_into(str(tmp_path), "f00"):
        pass
    assert (tmp_path / LOCKS / "mine.json").read_text() == "mine"


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "out").write_text("")
    with (
        pytest.raises(MashbillError, match="cannot be written"),
        writes_into(str(tmp_path / "out"), "f00"),
    ):
        pass
    assert os.path.getsize(tmp_path / "out") == 0
