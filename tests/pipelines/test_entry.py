"""The parent of a command: it ends as the command ends, and says what killed it."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from click.testing import CliRunner

from mashbill.pipelines.cli import main
from mashbill.pipelines.memory import note

DRIVER = """
import os, signal, sys, time
from mashbill.pipelines.entry import watched
from mashbill.pipelines.memory import note
def wait_for(seen):
    while not seen:
        time.sleep(0.01)
    time.sleep(0.3)  # a second signal would come now
def command():
    note("generate: annotate 512")
    held = bytearray(200 << 20)
    print(os.getpid(), flush=True)
    {body}
watched(command)
"""


def start(body: str) -> tuple[subprocess.Popen, int]:
    """The parent, and the process id of the command that does `body`."""
    program = [sys.executable, "-P", "-c", DRIVER.format(body=body)]
    pipe = subprocess.PIPE
    parent = subprocess.Popen(program, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    return parent, int(parent.stdout.readline())


@pytest.mark.parametrize("fatal", [signal.SIGKILL, signal.SIGABRT])
def test_what_was_killed_is_said_with_its_stage_and_its_peak(fatal):
    parent, command = start("time.sleep(60)")
    os.kill(command, fatal)
    _, said = parent.communicate(timeout=30)
    assert parent.returncode == 1
    (line,) = said.splitlines()
    assert f"killed by {fatal.name} at 'generate: annotate 512'" in line
    assert "out of memory: its largest process used 0.2" in line
    assert "fewer --workers, more --partitions" in line
    assert "the same command again" in line


@pytest.mark.parametrize(("body", "code"), [("sys.exit(2)", 2), ("pass", 0), ("1 / 0", 1)])
def test_it_ends_as_the_command_ends(body, code):
    parent, _ = start(body)
    _, said = parent.communicate(timeout=30)
    assert parent.returncode == code
    assert "mashbill:" not in said


def test_it_ends_by_the_signal_that_ended_the_command():
    parent, _ = start("time.sleep(60)")
    parent.terminate()
    assert parent.wait(timeout=30) == -signal.SIGTERM


def test_it_hears_of_the_end_where_children_are_ignored():
    body = "sys.exit(3)"
    program = f"import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN){DRIVER}"
    command = [sys.executable, "-P", "-c", program.format(body=body)]
    assert subprocess.run(command, capture_output=True, timeout=30).returncode == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_command_once(number):
    body = (
        "seen = []; [signal.signal(n, lambda n, _: seen.append(n)) for n in (2, 15)]; "
        "print('ready', flush=True); wait_for(seen); sys.exit(10 * len(seen))"
    )
    parent, _ = start(body)
    parent.stdout.readline()
    os.kill(parent.pid, number)
    assert parent.wait(timeout=30) == 10


def test_ctrl_c_in_a_terminal_reaches_the_command_once():
    controller, terminal = os.openpty()
    body = (
        "seen = []; signal.signal(2, lambda *_: seen.append(1)); os.write(2, b'ready'); "
        "wait_for(seen); sys.exit(10 * len(seen))"
    )
    program = f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0){DRIVER}"
    parent = subprocess.Popen(
        [sys.executable, "-P", "-c", program.format(body=body)],
        stdin=terminal, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert parent.stderr.read(5) == b"ready"
    os.write(controller, b"\x03")
    assert parent.wait(timeout=30) == 10


def test_the_command_does_not_outlive_its_parent():
    parent, command = start("time.sleep(60)")
    found = psutil.Process(command)
    parent.kill()
    parent.communicate(timeout=30)
    assert found.wait(timeout=30) is None


def test_the_parent_holds_nothing_large():
    """Else each command would begin by loading what its fork then loads."""
    large = "{'torch', 'transformers', 'apache_beam', 'pyarrow', 'numpy'}"
    found = f"print({large} & set(sys.modules), flush=True)"
    program = f"import sys, mashbill.pipelines.entry as e; e.watched(lambda: {found})"
    command = [sys.executable, "-P", "-c", program]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "set()\n"


def test_a_command_out_of_memory_says_so_in_a_line(monkeypatch):
    def fail(*_):
        raise MemoryError

    note("")
    monkeypatch.setattr("mashbill.pipelines.inspect.inspect", fail)
    done = CliRunner().invoke(main, ["inspect", "out"])
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("mashbill: out of memory: its largest process used")


def test_a_deleted_current_folder_is_named_before_anything_is_done(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for command in (["augmenters"], ["inspect", "out"], ["generate", "recipe.yaml"]):
        done = CliRunner().invoke(main, command)
        assert (done.exit_code, done.stderr) == (
            2,
            "mashbill: the current folder has been deleted; change to another one\n",
        )
