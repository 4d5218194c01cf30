"""Whole files or none, on any file system that Beam knows. Every path here is meant literally.

Beam's own `match` and its `delete` on disks read a path as a glob, so that `run[12]` would mean
`run1` and `run2`.
"""

import glob
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

TEMPORARY = ".tmp-"
_TEMPORARY = re.compile(re.escape(TEMPORARY) + "[0-9a-f]{32}-(?P<name>.+)", re.DOTALL)
MATCHED_BY_DELETE = ("gs",)  # schemes whose `delete` reads a path as a glob


def write_whole(path: str, write: Callable[[BinaryIO], None]) -> None:
    """Writes to a temporary name beside `path` and renames, so that a reader never sees half.

    Two writers of one path do not disturb each other: the last rename wins, both files are whole.
    On object stores the rename is a copy.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    folder, name = FileSystems.split(path)
    temporary = FileSystems.join(folder, f"{TEMPORARY}{uuid.uuid4().hex}-{name}")
    try:
        with FileSystems.create(temporary, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            write(file)
        FileSystems.rename([temporary], [path])
    except BaseException as error:
        with suppress(OSError, BeamIOError):
            delete_files([temporary])
        if isinstance(error, BeamIOError):
            raise OSError(f"{path}: cannot be written: {error}") from error
        raise


def read_bytes(path: str) -> bytes:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        return file.read()


def is_local(path: str) -> bool:
    return FileSystems.get_scheme(path) is None


def exists(path: str) -> bool:
    """Whether there is anything under this name; on a disk that may be a link to nowhere."""
    return os.path.lexists(path) if is_local(path) else FileSystems.exists(path)


def names_in(folder: str) -> Iterator[str]:
    """Paths of the files directly in `folder`, sorted; none where it does not exist."""
    if not is_local(folder):
        yield from sorted(_matching(f"{glob.escape(folder.rstrip('/'))}/*"))
        return
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if not entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return
    yield from (os.path.join(folder, name) for name in sorted(names))


def names_below(folder: str) -> Iterator[str]:
    """Paths of all files in `folder` at any depth; links are files, and not followed."""
    if not is_local(folder):
        yield from _matching(f"{glob.escape(folder.rstrip('/'))}/**")
        return
    for path, folders, names in os.walk(folder):
        linked = [name for name in folders if os.path.islink(os.path.join(path, name))]
        yield from (os.path.join(path, name) for name in (*linked, *names))


def delete_files(paths: Iterable[str]) -> None:
    """Deletes these files, links and never what they lead to; one that is gone already is fine."""
    paths = list(paths)
    if paths and is_local(paths[0]):
        for path in paths:
            with suppress(FileNotFoundError):
                os.remove(path)
    elif paths:
        quoted = FileSystems.get_scheme(paths[0]) in MATCHED_BY_DELETE
        FileSystems.delete([glob.escape(path) if quoted else path for path in paths])


def whose_temporary(path: str) -> str | None:
    """The path that a temporary file of `write_whole` was to become; None for any other file."""
    folder, slash, name = path.rpartition("/")  # `split` would make a relative path absolute
    match = _TEMPORARY.fullmatch(name)
    return f"{folder}{slash}{match['name']}" if match else None


def _matching(pattern: str) -> list[str]:
    try:
        (match,) = FileSystems.match([pattern])
    except BeamIOError:
        return []
    return [metadata.path for metadata in match.metadata_list]
