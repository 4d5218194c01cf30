"""How far the workers of a local run are: each process keeps its counts in a small file.

The driver names the folder in the environment (worker processes inherit it) and reads the files
while the runner blocks. On a cluster the variable is absent and nothing is written.
"""

import json
import os
import time
from collections import Counter
from pathlib import Path

FOLDER_VARIABLE = "MASHBILL_PROGRESS_FOLDER"
SECONDS_BETWEEN_WRITES = 0.25

_counts: Counter = Counter()
_written_at = 0.0


def report(stage: str, rows: int) -> None:
    """Adds `rows` to what `stage` has done in this process."""
    global _written_at
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return
    _counts[folder, stage] += rows
    if time.monotonic() - _written_at < SECONDS_BETWEEN_WRITES:
        return
    _written_at = time.monotonic()
    counts = {name: rows for (where, name), rows in _counts.items() if where == folder}
    part = Path(folder, f".{os.getpid()}")
    part.write_text(json.dumps(counts))
    part.replace(Path(folder, f"{os.getpid()}.json"))


def total(folder: Path) -> Counter:
    """The sum over all processes that report into `folder`."""
    done: Counter = Counter()
    for file in folder.glob("*.json"):
        done.update(json.loads(file.read_text()))
    return done
