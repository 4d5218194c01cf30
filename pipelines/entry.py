"""Where the command begins: a parent of a few megabytes waits for it, and says what killed it."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

from mashbill.pipelines.memory import last_note, look_for_garbage_seldom, peak, share_notes

FATAL = (signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)
PASSED_ON = (signal.SIGINT, signal.SIGTERM)
WATCHED = {signal.SIGCHLD, *PASSED_ON}
PR_SET_PDEATHSIG = 1


def main(**options) -> None:
    """Runs the command line."""
    look_for_garbage_seldom()
    from mashbill.pipelines.cli import main as command

    watched(lambda: command(**options))


def watched(command: Callable[[], None]) -> None:
    """Runs the command in a fork, before anything large is imported, and ends as it ends.

    A process that the system kills for want of memory cannot say so itself. Only Linux ends a child
    with its parent; elsewhere nobody watches.
    """
    if sys.platform != "linux":
        command()
        return
    share_notes()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # nobody hears of children where it is ignored
    parent, mask = os.getpid(), signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    child = os.fork()
    if child:
        _end_like(*_wait(child))
    _end_with(parent)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    command()


def _end_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before that
        os._exit(1)


def _wait(child: int) -> tuple[int, int]:
    """The exit code, negative for a signal, and the peak in bytes of the largest process."""
    while True:
        signalled = signal.sigwaitinfo(WATCHED)
        if signalled.si_signo == signal.SIGCHLD:
            ended, status, usage = os.wait4(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status), usage.ru_maxrss << 10
        elif signalled.si_code <= 0:  # from a process; a terminal has told the child as well
            os.kill(child, signalled.si_signo)


def _end_like(code: int, largest: int) -> None:
    if -code in FATAL:
        cause = "out of memory" if code == -signal.SIGABRT else "probably out of memory"
        at = f" at {last_note()!r}" if last_note() else ""
        print(
            f"mashbill: the command was killed by {signal.Signals(-code).name}{at}, "
            f"{cause}: {peak(largest)}; run the same command again to resume",
            file=sys.stderr,
            flush=True,
        )
        os._exit(1)
    if code < 0:  # a shell's loop goes on after a code, and ends after a signal
        signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)
