"""A call in a process of its own."""

import os
import signal

import pytest

from models.errors import MashbillError
from pipelines.apart import call_apart


def write_process_id(path):
    path.write_text(str(os.getpid()))


def fail(message):
    raise MashbillError(message)


def be_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def end(code):
    os._exit(code)


def test_another_process_makes_the_call(tmp_path):
    call_apart(write_process_id, tmp_path / "id")
    assert int((tmp_path / "id").read_text()) != os.getpid()


def test_what_it_raises_is_raised_here():
    with pytest.raises(MashbillError, match="no such corpus"):
        call_apart(fail, "no such corpus")


def test_a_killed_process_is_told_from_one_that_ended():
    with pytest.raises(ChildProcessError, match="signal 9"):
        call_apart(be_killed)
    with pytest.raises(SystemExit, match="3"):
        call_apart(end, 3)
