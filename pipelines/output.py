"""The output folder: whose run it holds, which shards are finished, and what must go."""

from collections.abc import Iterator, Mapping
from itertools import count, takewhile
from typing import Any

import orjson
from apache_beam.io.filesystems import FileSystems

from mashbill.models.errors import MashbillError
from mashbill.transforms.files import (
    delete_files,
    names_in,
    read_bytes,
    whose_temporary,
    write_whole,
)
from mashbill.transforms.layout import STATE, marker_path, state_path

FOLDERS = ("data", "rejects", STATE)
FILES = ("run.json", "README.md", "report.html", "evaluation.json")


def open_output(
    out: str, settings: Mapping[str, Any], about: Mapping[str, Any], overwrite: bool
) -> None:
    """Makes `out` ready for a run.

    Args:
        out: the output folder.
        settings: all that the rows depend on.
        about: what else `run.json` will say of the run.
        overwrite: removes the run that `out` holds.

    Raises:
        MashbillError: the folder holds a run with other settings (all that differ are named), or
            files that are no run of ours, or it cannot be written.
    """
    if overwrite:
        _clear(out)
    state = read_state(out)
    held = state and state["settings"]
    if held is None:
        strangers = list(names_in(FileSystems.join(out, "data")))
        if strangers:
            raise MashbillError(f"{out}: holds {strangers[0]}, which is no run of mashbill's")
    elif held != orjson.loads(orjson.dumps(settings)):
        differing = "\n".join(f"  {line}" for line in _differences(held, settings))
        raise MashbillError(
            f"{out}: holds a run with other settings; give another output.path, or --overwrite to "
            f"replace it. What differs (there -> here):\n{differing}"
        )
    state = {"settings": settings, "about": about}
    content = orjson.dumps(state, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    try:
        write_whole(state_path(out), lambda file: file.write(content))
    except OSError as error:
        raise MashbillError(f"{out}: cannot be written: {error.strerror or error}") from None


def read_state(out: str) -> dict[str, Any] | None:
    """Settings and description of the run that `out` holds; None where it holds none."""
    path = state_path(out)
    return orjson.loads(read_bytes(path)) if FileSystems.exists(path) else None


def finished_shards(out: str, shards: int) -> set[int]:
    names = set(names_in(FileSystems.join(out, STATE)))
    return {shard for shard in range(shards) if marker_path(out, shard, shards) in names}


def read_markers(out: str, shards: int) -> list[dict[str, Any]]:
    """What each shard wrote, in order.

    Raises:
        MashbillError: a shard is not finished.
    """
    missing = sorted(set(range(shards)) - finished_shards(out, shards))
    if missing:
        raise MashbillError(
            f"{out}: {len(missing)} of {shards} shards are not finished "
            f"({', '.join(map(str, missing[:10]))}{', …' if len(missing) > 10 else ''}); "
            "run `mashbill generate` again to go on"
        )
    return [orjson.loads(read_bytes(marker_path(out, shard, shards))) for shard in range(shards)]


def remove_temporary_files(out: str) -> None:
    """Removes what killed workers left; only when no other job writes to `out`."""
    names = [name for folder in ("", *FOLDERS) for name in names_in(_inside(out, folder))]
    delete_files([name for name in names if whose_temporary(name) is not None])


def round_folder(out: str, number: int) -> str:
    """Where the variants that round `number` adds to a data set lie."""
    return FileSystems.join(out, "rounds", str(number))


def rounds_of(out: str) -> Iterator[int]:
    """The numbers of the rounds that have added to a data set; the first is the data set itself."""
    return takewhile(lambda number: read_state(round_folder(out, number)) is not None, count(2))


def _clear(out: str) -> None:
    for number in rounds_of(out):
        _clear(round_folder(out, number))
    names = [name for folder in FOLDERS for name in names_in(_inside(out, folder))]
    top = {_inside(out, name) for name in FILES}
    delete_files(names + [name for name in names_in(out) if name in top])


def _inside(out: str, name: str) -> str:
    return FileSystems.join(out, name) if name else out


def _differences(there: Any, here: Any, key: str = "") -> Iterator[str]:
    if isinstance(there, dict) and isinstance(here, Mapping):
        for name in sorted(there.keys() | here.keys()):
            inner = f"{key}.{name}" if key else name
            yield from _differences(there.get(name), here.get(name), inner)
    elif isinstance(there, list) and isinstance(here, (list, tuple)) and len(there) == len(here):
        for i, (left, right) in enumerate(zip(there, here, strict=True)):
            yield from _differences(left, right, f"{key}.{i}")
    elif there != (list(here) if isinstance(here, tuple) else here):
        yield f"{key}: {there!r} -> {here!r}"
