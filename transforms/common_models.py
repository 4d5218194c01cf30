"""One copy of each model for the workers that share a GPU, by Beam's own way to share an object.

The driver names a folder where workers meet. Each takes the next number, which says whose GPU it
uses; the first at a GPU starts the process that holds its models. That process listens at a port of
this machine, and unpickles what comes, so it talks only to who knows the key in the folder.
"""

import logging
import os
import threading
from functools import partial
from itertools import count
from pathlib import Path

from apache_beam.utils import multi_process_shared
from apache_beam.utils.multi_process_shared import MultiProcessShared

from mashbill.models import elsewhere
from mashbill.models.elsewhere import FOLDER_VARIABLE, GPUS_VARIABLE, KEY_FILE

_ONCE = threading.Lock()


def use_common_models() -> None:
    """Lets the engines of this process ask for the common models, where the driver has said so."""
    folder = os.environ.get(FOLDER_VARIABLE)
    with _ONCE:
        if folder is None or elsewhere.is_elsewhere():
            return
        gpus = int(os.environ[GPUS_VARIABLE])
        gpu = next_number(Path(folder)) % gpus
        start = partial(_holder, gpu if gpus > 1 else None)
        # Beam's own key is the same everywhere, and it has no argument for another.
        multi_process_shared.AUTH_KEY = Path(folder, KEY_FILE).read_bytes()
        shared = MultiProcessShared(
            start, f"gpu-{gpu}", path=folder, always_proxy=True, spawn_process=True
        )
        elsewhere.use(shared.acquire())


def next_number(folder: Path) -> int:
    """A number that no other process has got from this folder, from 0."""
    for number in count():
        try:
            (folder / f"worker-{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return number
    raise AssertionError


def _holder(gpu: int | None) -> elsewhere.Holder:
    logging.disable(logging.WARNING)  # Beam's code warns when it ends with the worker, as it should
    return elsewhere.Holder(gpu)
