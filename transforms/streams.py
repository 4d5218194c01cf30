"""A file's plain bytes, wherever it lies and whatever it was compressed with."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}  # as Arrow names them
BLOCK = 1 << 20
LONGEST_LINE = 64 << 20


def compression_of(path: str) -> tuple[str, str | None]:
    """The path without the compression's extension, and the compression."""
    for extension, name in COMPRESSIONS.items():
        if path.lower().endswith(extension):
            return path[: -len(extension)], name
    return path, None


def open_plain(path: str) -> BinaryIO:
    """The bytes as they lie there."""
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)


@contextmanager
def open_stream(path: str, compression: str | None) -> Iterator[BinaryIO]:
    """The bytes, decompressed; a read of a truncated or corrupt archive raises OSError."""
    with open_plain(path) as file:
        if compression is None:
            yield file
            return
        with pa.CompressedInputStream(pa.PythonFile(file, mode="r"), compression) as stream:
            yield io.BufferedReader(stream, BLOCK)


def lines(file: BinaryIO, position: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Lines with their ends that begin before byte `stop`; one beyond 64 MB comes cut."""
    limit = LONGEST_LINE + len(b"\r\n") + 1  # a cut line is too long even without its end
    while stop is None or position < stop:
        line = file.readline(limit)
        if not line:
            return
        position += len(line)
        if len(line) == limit and not line.endswith(b"\n"):
            while rest := file.readline(BLOCK):
                position += len(rest)
                if rest.endswith(b"\n"):
                    break
        yield line
