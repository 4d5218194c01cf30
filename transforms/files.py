"""Whole files or none, on any file system that Beam knows."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

TEMPORARY = ".tmp-"


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
            FileSystems.delete([temporary])
        if isinstance(error, BeamIOError):
            raise OSError(f"{path}: cannot be written: {error}") from error
        raise


def read_bytes(path: str) -> bytes:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        return file.read()


def names_in(folder: str) -> Iterator[str]:
    """Paths of the files directly in `folder`, sorted; none where it does not exist."""
    try:
        matches = FileSystems.match([FileSystems.join(folder, "*")])
    except BeamIOError:
        return
    yield from sorted(metadata.path for metadata in matches[0].metadata_list)


def delete_files(paths: list[str]) -> None:
    if paths:
        FileSystems.delete(paths)
