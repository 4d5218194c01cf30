"""A call in a process of its own."""

import os
import signal
import threading
import time

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.apart import call_apart
from tests.waiting import wait_until


def write_process_id(path):
    path.write_text(str(os.getpid()))


def fail(message):
    raise MashbillError(message)


def be_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def end(code):
    os._exit(code)


def ends_when_told(path, code):
    if code:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(code))
    path.touch()
    time.sleep(60)


def test_another_process_makes_the_call(tmp_path):
    call_apart(write_process_id, tmp_path / "id")
    assert int((tmp_path / "id").read_text()) != os.getpid()


def test_what_it_returns_is_returned_here():
    assert call_apart(sorted, [2, 1]) == [1, 2]


@pytest.mark.parametrize(("code", "said"), [(143, ""), (0, "stopped while starting")])
def test_ctrl_c_is_passed_on(tmp_path, capfd, code, said):
    path = tmp_path / "begun"

    def interrupt():
        wait_until(path.exists)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    begin = time.monotonic()
    with pytest.raises(SystemExit, match="130"):
        call_apart(ends_when_told, path, code)
    assert said in capfd.readouterr().err
    assert time.monotonic() - begin < 30


def test_what_it_raises_is_raised_here():
    with pytest.raises(MashbillError, match="no such corpus"):
        call_apart(fail, "no such corpus")


def test_a_killed_process_is_told_from_one_that_ended():
    with pytest.raises(ChildProcessError, match="signal 9"):
        call_apart(be_killed)
    with pytest.raises(SystemExit, match="3"):
        call_apart(end, 3)
