"""What this machine has, and how many worker processes keep it busy."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from mashbill.models.elsewhere import FOLDER_VARIABLE, GPUS_VARIABLE, KEY_FILE
from mashbill.models.errors import MashbillError
from mashbill.pipelines.children import environment

CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
# One process draws 0.24 million tokens of words a second, a GPU computes 1.3.
WORKERS_OF_A_GPU = 6
WORKER_BYTES, HOLDER_BYTES = 2 << 30, 6 << 30


def workers_for(cores: int, gpus: int, memory: int, shards: int) -> tuple[int, str]:
    """How many worker processes to start, and what bounds them, in words.

    On a GPU, several that share its models: what they do beside them takes longer. Without one, the
    models use all cores, and each process would have its own.

    Args:
        cores: of the machine.
        gpus: that torch can use.
        memory: bytes that are free.
        shards: of the job; each is made by one process.
    """
    if not gpus:
        return 1, "the models use all cores, and no GPU was found"
    fitting = (memory - gpus * HOLDER_BYTES) // WORKER_BYTES
    cards = "one GPU" if gpus == 1 else f"{gpus} GPUs"
    bounds = {
        f"as many as keep {cards} busy": gpus * WORKERS_OF_A_GPU,
        f"a core for each of {cores}, but for {cards}": cores - gpus,
        f"as many as fit into {memory / 1e9:.0f} GB of free memory beside {cards}": fitting,
        f"one for each of {shards} shards": shards,
    }
    least = min(bounds, key=bounds.__getitem__)
    return max(1, bounds[least]), least


def sensible_workers(shards: int) -> tuple[int, str]:
    """`workers_for` this machine."""
    return workers_for(os.cpu_count() or 1, gpus(), free_memory(), shards)


def gpus() -> int:
    """How many GPUs torch can use: looked up without importing it, which takes seconds.

    `MASHBILL_GPUS` says otherwise.

    Raises:
        MashbillError: it is no number.
    """
    said = os.environ.get(GPUS_VARIABLE)
    if said is not None:
        if not said.isdecimal():
            raise MashbillError(f"MASHBILL_GPUS={said}: expected a number of GPUs")
        return int(said)
    if "+cpu" in version("torch"):
        return 0
    devices = glob("/dev/nvidia[0-9]*")
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        named = [name for name in visible.split(",") if name.strip() not in ("", "-1")]
        return min(len(named), len(devices))
    return len(devices)


def free_memory() -> int:
    """Bytes, within what a container may use."""
    free = psutil.virtual_memory().available
    limit = CGROUP_LIMIT.read_text().strip() if CGROUP_LIMIT.is_file() else ""
    return min(free, int(limit)) if limit.isdecimal() else free


@contextmanager
def models_in_common() -> Iterator[None]:
    """Within the block, workers that are started share the models of each GPU; without one, they do
    not."""
    number = gpus()
    if not number:
        yield
        return
    with (
        TemporaryDirectory(prefix="mashbill-models-", ignore_cleanup_errors=True) as folder,
        environment(**{FOLDER_VARIABLE: folder, GPUS_VARIABLE: str(number)}),
    ):
        write_key(Path(folder))
        yield


def write_key(folder: Path) -> None:
    """Puts a key that nobody knows where only this user's processes can read it."""
    key = folder / KEY_FILE
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(32))
