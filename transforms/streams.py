"""A file's plain bytes, wherever it lies and whatever it was compressed with."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from mashbill.transforms.special_files import special_kind

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}  # as Arrow names them
BLOCK = 1 << 20
LONGEST_LINE = 64 << 20
BYTES_BESIDE = 1 << 20  # of a line, for what stands in it beside the texts
MOST_EXPANDED = 200  # times; text comes to some 3 to 30
EXPANDS_FREELY = 64 << 20  # bytes from which on that counts


def compression_of(path: str) -> tuple[str, str | None]:
    """The path without the compression's extension, and the compression."""
    for extension, name in COMPRESSIONS.items():
        if path.lower().endswith(extension):
            return path[: -len(extension)], name
    return path, None


def open_plain(path: str) -> BinaryIO:
    """The bytes as they lie there; raises OSError for a pipe, a device or the like."""
    if FileSystems.get_scheme(path) is None and (kind := special_kind(path)):
        raise OSError(f"it is {kind}, not a file")
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)


@contextmanager
def open_stream(path: str, compression: str | None) -> Iterator[BinaryIO]:
    """The bytes, decompressed; to read a damaged archive or a bomb raises OSError."""
    with open_plain(path) as file:
        if compression is None:
            yield file
        elif (
            compression == "gzip"
        ):  # unlike Arrow it takes the zeros that tapes and tar leave behind
            with gzip.GzipFile(fileobj=file, mode="rb") as stream:
                yield io.BufferedReader(Decompressed(stream, file), BLOCK)
        else:
            with pa.CompressedInputStream(pa.PythonFile(file, mode="r"), compression) as stream:
                yield io.BufferedReader(Decompressed(stream, file), BLOCK)


class Decompressed(io.RawIOBase):
    """What a decompressor yields, with one kind of error, and an end where no text expands so."""

    def __init__(self, stream: BinaryIO, file: BinaryIO):
        super().__init__()
        self.stream, self.file, self.total = stream, file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        try:
            content = self.stream.read(len(buffer))
        except EOFError:
            raise OSError("Truncated compressed stream") from None
        except zlib.error as error:
            raise OSError(str(error)) from None
        self.total += len(content)
        if self.total > EXPANDS_FREELY and self.total > MOST_EXPANDED * self.file.tell():
            raise OSError(
                f"expands more than {MOST_EXPANDED}-fold, as no text does; if it is meant to, "
                "decompress it first"
            )
        buffer[: len(content)] = content
        return len(content)


def longest_line(characters: int, bytes_each: int) -> int:
    """Bytes of a line that holds texts of so many characters, of so many bytes at most."""
    return min(LONGEST_LINE, BYTES_BESIDE + characters * bytes_each)


def lines(
    file: BinaryIO, position: int = 0, stop: int | None = None, longest: int | None = None
) -> Iterator[bytes]:
    """Lines with their ends that begin before byte `stop`; one beyond `longest` bytes, by default
    64 MB, comes cut, and the rest of it is never in memory."""
    limit = (
        (LONGEST_LINE if longest is None else longest) + len(b"\r\n") + 1
    )  # a cut line is too long even without its end
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
