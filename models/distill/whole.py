"""Whether a data set on disk is finished, and what identifies one that names no run."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from mashbill.models.distill.rows import DataError
from mashbill.models.path_hash import file_hash
from mashbill.models.run_folder import MARKER, RUN, STATE

PART = re.compile(r"-(\d+)-of-(\d+)\.parquet")


def check_whole(root: Path) -> str | None:
    """The fingerprint of the run in `root`; None for a data set of others.

    Raises DataError if a shard of the run is not finished.
    """
    run = root / STATE / RUN
    if not run.is_file():
        return None
    state = json.loads(run.read_text(encoding="utf-8"))
    shards = state["settings"]["shards"]
    finished = len(list(run.parent.glob(MARKER.format("?????-of-?????"))))
    if finished < shards:
        raise DataError(
            f"{root}: the data set is not finished: {finished} of {shards} shards "
            "exist; run `mashbill generate` again to write the others"
        )
    return state["about"]["fingerprint"]


def check_parts(paths: Iterable[Path]) -> None:
    """Raises DataError if file names such as `train-00001-of-00003.parquet` tell of others.

    For data sets of others: ours have no file for a shard without a row of the split.
    """
    parts = [(path, match) for path in paths if (match := PART.search(path.name))]
    for path, match in parts:
        whole, there = int(match[2]), sum(other[2] == match[2] for _, other in parts)
        if there < whole:
            raise DataError(
                f"{path.parent}: only {there} of the {whole} files like {path.name} exist"
            )


def content_fingerprint(paths: Iterable[Path]) -> str:
    """128-bit hex digest of the files' bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        digest.update(file_hash(path))
    return digest.hexdigest()
