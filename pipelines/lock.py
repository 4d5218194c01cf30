"""Who writes into an output folder: each writer says so in a file of its own beside the run.

There is no atomic lock on an object store, so a writer first puts down its own file, then reads
those of the others, and only then settles: of two that come at the same time, at least one sees the
other. Jobs of the same run may write side by side (partitions on several machines); everybody else
is refused.
"""

import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import orjson
import psutil
from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from mashbill.models.errors import MashbillError
from mashbill.transforms.files import (
    delete_files,
    names_in,
    read_bytes,
    whose_temporary,
    write_whole,
)
from mashbill.transforms.layout import LOCKS

BEAT = 20.0  # seconds between signs of life
SECONDS_BETWEEN_LOOKS = 0.1
SILENCE = 120.0  # seconds after which a writer on another machine is taken for dead


class Holder(NamedTuple):
    """A writer.

    Attributes:
        run: fingerprint of what it writes.
        alone: whether nobody may write beside it, not even for the same run.
        host, pid, started: its process; `started` in seconds since the epoch.
        since, seen: when it came, and its last sign of life; seconds since the epoch.
        name: of its file, unique.
        settled: whether it has seen that it may write.
    """

    run: str
    alone: bool
    host: str
    pid: int
    started: float
    since: float
    seen: float
    name: str
    settled: bool = True

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"process {self.pid} on {self.host}, since {since}"

    def shares_with(self, other: "Holder") -> bool:
        return other.run == self.run and not (self.alone or other.alone)

    def is_alive(self, now: float) -> bool:
        if self.host != socket.gethostname():
            return now - self.seen < SILENCE
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) < 1
        except psutil.Error:
            return False


@contextmanager
def writes_into(out: str, run: str, alone: bool = False) -> Iterator[bool]:
    """Within the block nobody else writes into `out`, apart from jobs of the same run.

    Yields whether there is no other writer at all; files of dead ones are removed.

    Args:
        run: fingerprint of what is written.
        alone: refuses jobs of the same run as well, as --overwrite must.

    Raises:
        MashbillError: somebody else writes there, or the folder cannot be written.
    """
    me, now = psutil.Process(), time.time()
    name = f"{uuid.uuid4().hex}.json"
    own = Holder(run, alone, socket.gethostname(), me.pid, me.create_time(), now, now, name, False)
    _write(out, own)
    over = threading.Event()
    try:
        others = _settle(out, own)
        own = own._replace(settled=True)
        _write(out, own)
        beat = threading.Thread(target=_beat, args=(out, own, over), daemon=True)
        beat.start()
        try:
            yield not others
        finally:
            over.set()
            beat.join()  # or it would write the file anew
    finally:
        with suppress(OSError, BeamIOError):
            delete_files([_path(out, own)])


def _settle(out: str, own: Holder) -> list[Holder]:
    """The writers that `own` may work beside, once those that it may not have all gone.

    Who has settled stays. Of two that have not, the one that came first waits for the other, which
    either sees it and gives way, or did not see it and settles.
    """
    while True:
        others = _others(out, own.name)
        rivals = [other for other in others if not own.shares_with(other)]
        for other in rivals:
            if other.settled or (other.since, other.name) < (own.since, own.name):
                raise MashbillError(
                    f"{out}: another run is writing here ({other}); wait until it ends, or choose "
                    "another output.path"
                )
        if not rivals:
            return others
        time.sleep(SECONDS_BETWEEN_LOOKS)


def forget_the_dead(out: str) -> None:
    """Removes what killed writers have left, where that may be."""
    with suppress(OSError, BeamIOError):
        _others(out, "")


def _others(out: str, own: str) -> list[Holder]:
    """The living writers but the one of the file `own`; what the dead have left is removed."""
    alive, now = [], time.time()
    for path in names_in(FileSystems.join(out, LOCKS)):
        is_half = whose_temporary(path) is not None
        name = FileSystems.split(path)[1]
        if name == own or not name.endswith(".json") or (name[0] == "." and not is_half):
            continue
        with suppress(OSError, BeamIOError):  # gone
            other = _holder(read_bytes(path))
            if other is not None and other.is_alive(now):
                alive += [] if is_half else [other]
            elif other is not None or (is_half and now - FileSystems.last_updated(path) > SILENCE):
                delete_files([path])
    return alive


def _holder(content: bytes) -> Holder | None:
    """None for what is no whole file of a writer."""
    try:
        return Holder(**orjson.loads(content))
    except (ValueError, TypeError):
        return None


def _beat(out: str, own: Holder, over: threading.Event) -> None:
    while not over.wait(BEAT):
        with suppress(OSError, MashbillError):
            _write(out, own._replace(seen=time.time()))


def _write(out: str, holder: Holder) -> None:
    content = orjson.dumps(holder._asdict())
    try:
        write_whole(_path(out, holder), lambda file: file.write(content))
    except OSError as error:
        raise MashbillError(f"{out}: cannot be written: {error.strerror or error}") from None


def _path(out: str, holder: Holder) -> str:
    return FileSystems.join(out, LOCKS, holder.name)
