"""The output folder: whose run it holds, which shards are finished, and what may be removed.

Only names that the run in the folder has on record are ever removed: the files of its shards, which
its settings name, the pages that `claim` recorded, and temporary files of these. Links are removed
as links, and folders of ours that are links are refused.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from itertools import count, takewhile
from typing import Any

import orjson
from apache_beam.io.filesystems import FileSystems

from mashbill.models.errors import MashbillError
from mashbill.transforms.examples import SPLITS
from mashbill.transforms.files import (
    delete_files,
    exists,
    is_local,
    names_below,
    names_in,
    read_bytes,
    whose_temporary,
    write_whole,
)
from mashbill.transforms.layout import (
    LOCKS,
    STATE,
    claim_path,
    cut_prefix,
    discriminator_path,
    edits_path,
    marker_path,
    rejects_path,
    split_path,
    state_path,
)

FOLDERS = ("data", "rejects", STATE, LOCKS)
PAGES = ("run.json", "README.md", "report.html", "evaluation.json")


def open_output(
    out: str,
    settings: Mapping[str, Any],
    about: Mapping[str, Any],
    overwrite: bool,
    beside: Collection[str] = (),
) -> None:
    """Makes `out` ready for a run.

    Args:
        out: the output folder.
        settings: all that the rows depend on.
        about: what else `run.json` will say of the run.
        overwrite: removes the run that `out` holds.
        beside: folders that the recipe itself makes, such as its teacher; they may lie in `out`.

    Raises:
        MashbillError: the folder holds a run with other settings (all that differ are named), or
            files that are no run of ours, or it cannot be written.
    """
    check_strangers(out, beside)
    if overwrite:
        remove_run(out)
    state = read_state(out)
    held = state and state["settings"]
    if held is not None and held != orjson.loads(orjson.dumps(settings)):
        differing = "\n".join(f"  {line}" for line in _differences(held, settings))
        raise MashbillError(
            f"{out}: holds a run with other settings; choose another output.path, or use "
            f"--overwrite to replace it. Changed settings (there -> here):\n{differing}"
        )
    state = {"settings": settings, "about": about}
    content = orjson.dumps(state, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    try:
        write_whole(state_path(out), lambda file: file.write(content))
    except OSError as error:
        raise MashbillError(f"{out}: cannot be written: {error.strerror or error}") from None


def check_strangers(out: str, beside: Collection[str] = ()) -> None:
    """Raises MashbillError if a run in `out` would mix with what is no run of mashbill's.

    Where there is no run yet, nothing may lie in the folder; where there is one, nothing else may
    lie among the files of the data set, which others read by pattern.
    """
    if is_local(out):
        for folder in FOLDERS:
            if os.path.islink(path := FileSystems.join(out, folder)):
                raise MashbillError(f"{path}: is a symbolic link, which mashbill does not follow")
    state = read_state(out)
    if state is None:
        locks = f"{FileSystems.join(out, LOCKS)}/"
        allowed = [os.path.join(os.path.abspath(folder), "") for folder in beside]
        for name in names_below(out):
            ours = any(os.path.abspath(name).startswith(folder) for folder in allowed)
            if not ours and not name.startswith(locks):
                raise MashbillError(
                    f"{out}: holds {name}, which mashbill did not write; give output.path a folder "
                    "of its own"
                )
        return
    known = set(_listed(out, state))
    for name in names_in(FileSystems.join(out, "data")):
        if (whose_temporary(name) or name) not in known:
            raise MashbillError(
                f"{name}: not a file of the run in {out}, but readers of the data set would "
                "read it too; move it elsewhere"
            )


def _listed(out: str, state: Mapping[str, Any] | None) -> Iterator[str]:
    """The paths that the run in `out` has on record as its own, whether they are there or not.

    In the order in which they may go: a shard's marker before its rows, what says whose the others
    are last.
    """
    if state is None:
        return
    shards = state["settings"].get("shards", 0)
    yield from (marker_path(out, shard, shards) for shard in range(shards))
    for shard in range(shards):
        yield from (split_path(out, split, shard, shards) for split in SPLITS)
        yield rejects_path(out, shard, shards)
        yield edits_path(out, shard, shards)
    yield discriminator_path(out)
    yield from cut_files(out)
    for page in PAGES:
        if exists(claim_path(out, page)):
            yield FileSystems.join(out, page)
            yield claim_path(out, page)
    yield state_path(out)


def write_page(out: str, page: str, content: bytes) -> None:
    """Writes one of `PAGES` into `out`.

    Raises:
        MashbillError: a file of this name is there that no run of ours has written, or it cannot
            be written.
    """
    path = FileSystems.join(out, page)
    check_page(out, page)
    try:
        if not exists(claim_path(out, page)):
            write_whole(claim_path(out, page), lambda file: file.write(b"{}"))
        write_whole(path, lambda file: file.write(content))
    except OSError as error:
        raise MashbillError(f"{path}: cannot be written: {error.strerror or error}") from None


def check_page(out: str, page: str) -> None:
    """Raises MashbillError if a file of this name is there that no run of ours has written."""
    path = FileSystems.join(out, page)
    if exists(path) and not exists(claim_path(out, page)):
        raise MashbillError(
            f"{path}: was not written by mashbill and is not replaced; move it elsewhere"
        )


def drop_page(out: str, page: str) -> None:
    """Removes a page of ours that is about to be out of date: a kill must not leave it there."""
    check_page(out, page)
    if exists(path := FileSystems.join(out, page)):
        delete_files([path])


def read_state(out: str) -> dict[str, Any] | None:
    """Settings and description of the run that `out` holds; None where it holds none.

    Raises:
        MashbillError: the file is there, but no run of mashbill's has written it.
    """
    path = state_path(out)
    if not exists(path):
        return None
    try:
        state = orjson.loads(read_bytes(path))
    except orjson.JSONDecodeError as error:
        raise MashbillError(f"{path}: not JSON: {error}") from None
    if not isinstance(state, dict) or not {"settings", "about"} <= state.keys():
        raise MashbillError(f"{path}: was not written by mashbill")
    return state


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
            "run `mashbill generate` again to make them"
        )
    return [orjson.loads(read_bytes(marker_path(out, shard, shards))) for shard in range(shards)]


def remove_temporary_files(out: str) -> None:
    """Removes what killed workers left; only when no other job writes to `out`."""
    _remove_temporary_files(out, set(_listed(out, read_state(out))))


def _remove_temporary_files(out: str, ours: Collection[str]) -> None:
    known = {*ours, *(FileSystems.join(out, page) for page in PAGES)}
    known |= {claim_path(out, page) for page in PAGES}
    folders = (out, *(FileSystems.join(out, folder) for folder in FOLDERS))
    names = [name for folder in folders for name in names_in(folder)]
    final = ((name, whose_temporary(name)) for name in names)
    delete_files([name for name, own in final if own in known or _is_of_a_cut(out, own)])


def cut_files(out: str) -> list[str]:
    """The files of a corpus that was cut for the partitions of the run in `out`."""
    return [name for name in names_in(FileSystems.join(out, STATE)) if _is_of_a_cut(out, name)]


def _is_of_a_cut(out: str, path: str | None) -> bool:
    return path is not None and path.startswith(cut_prefix(out))


def remove_run(out: str) -> None:
    """Removes the run that `out` holds, rounds included, and nothing else."""
    for number in reversed(list(rounds_of(out))):  # a gap would hide those behind it
        remove_run(round_folder(out, number))
    ours = list(_listed(out, read_state(out)))
    _remove_temporary_files(out, ours)
    delete_files([path for path in ours if exists(path)])


def round_folder(out: str, number: int) -> str:
    """Where the variants that round `number` adds to a data set lie."""
    return FileSystems.join(out, "rounds", str(number))


def rounds_of(out: str) -> Iterator[int]:
    """The numbers of the rounds that have added to a data set; the first is the data set itself."""
    return takewhile(lambda number: read_state(round_folder(out, number)) is not None, count(2))


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
