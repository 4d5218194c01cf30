"""How a file's bytes become lines of UTF-8: its encoding, and lines that end in CR alone."""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from mashbill.models.errors import MashbillError
from mashbill.transforms.streams import BLOCK, open_stream

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatches

SAMPLE_BYTES = 1 << 20
GUESSED_FROM = 64 << 10  # bytes
MANY_LINES = 20  # without a valid one among them a file is in another encoding, not damaged
FEW_NULS = 20
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is the beginning of this one
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# From the likely to the rare; a guess among all that Python knows is often one of the rare.
CANDIDATES = [
    *("cp1252", "cp1250", "cp1251", "koi8_r", "gb18030", "big5", "shift_jis", "euc_jp"),
    *("euc_kr", "cp1253", "cp1254", "cp1255", "cp1256"),
]
# Nearly any bytes mean something in each of these, so that a wrong one makes text without sense.
OF_SEVERAL_BYTES = ("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr")
PARTS = {"gbk": "gb18030", "gb2312": "gb18030", "cp950": "big5", "big5hkscs": "big5"}


@dataclass(frozen=True)
class Coding:
    """How a text file is written.

    Attributes:
        encoding: a name that Python knows.
        returns: lines end in CR alone.
    """

    encoding: str = "utf-8"
    returns: bool = False

    @property
    def is_plain(self) -> bool:
        return self == PLAIN


PLAIN = Coding()


def coding_of(sample: bytes, encoding: str | None) -> Coding:
    """What the start of a file says of it.

    Args:
        sample: up to `SAMPLE_BYTES`, decompressed.
        encoding: from the recipe; None leaves it to the byte-order mark, and to UTF-8.

    Raises:
        MashbillError: without an encoding given, it is UTF-16 without a mark, or no UTF-8 at all;
            with one of Chinese, Japanese or Korean, it makes sense in another one only.
    """
    if encoding is None:
        marked = (name for mark, name in MARKS.items() if sample.startswith(mark))
        encoding = next(marked, None)
        if encoding is None:
            _refuse_other_encodings(sample)
    else:
        _refuse_without_sense(sample, encoding)
    name = codecs.lookup(encoding or "utf-8").name.removesuffix("-sig")
    text = codecs.getincrementaldecoder(name)("replace").decode(sample)
    return Coding(name, "\r" in text and "\n" not in text)


def _refuse_other_encodings(sample: bytes) -> None:
    for start, name in enumerate(("utf-16-be", "utf-16-le")):
        nuls, others = sample[start::2].count(0), sample[1 - start :: 2].count(0)
        if nuls > max(FEW_NULS, len(sample) // 5, 10 * others):
            raise MashbillError(
                "every second byte is NUL, as in UTF-16 without a byte-order mark: "
                f"encoding: {name}"
            )
    foreign = [line for line in sample.splitlines()[:-1] if not line.isascii()]
    if len(foreign) >= MANY_LINES and all(map(_is_broken, foreign)):
        raise MashbillError(f"it is not UTF-8{likely_encoding(sample)}")


def _refuse_without_sense(sample: bytes, encoding: str) -> None:
    given = codecs.lookup(encoding).name
    given = PARTS.get(given, given)
    if given not in OF_SEVERAL_BYTES or sample.isascii():
        return
    lines, end, rest = sample[:GUESSED_FROM].rpartition(b"\n")
    matches = _guesses(lines + end or rest, [*OF_SEVERAL_BYTES, "utf_8"])
    best = matches.best()
    if best is not None and not best.chaos and given not in {one.encoding for one in matches}:
        name = best.encoding.replace("_", "-")
        raise MashbillError(f"it makes no sense in {encoding}, but in {name}: encoding: {name}")


def likely_encoding(content: bytes) -> str:
    """A hint for the end of a message; empty where nothing is likely."""
    broken = b"\n".join(line for line in content.split(b"\n") if _is_broken(line))
    best = _guesses(broken[:GUESSED_FROM], CANDIDATES).best()
    if best is None:
        return ""
    alike = best.could_be_from_charset  # those that read the same into these bytes
    name = next((name for name in CANDIDATES if name in alike), best.encoding)
    return f"; it looks like {name}: encoding: {name}"


def _guesses(content: bytes, encodings: list[str]) -> "CharsetMatches":
    """In which of the encodings the bytes make sense."""
    from charset_normalizer import from_bytes

    return from_bytes(content, cp_isolation=encodings)


def _is_broken(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


@contextmanager
def open_utf8(path: str, compression: str | None, coding: Coding) -> Iterator[BinaryIO]:
    """The file's text as UTF-8 with lines that end in LF or CR LF.

    What cannot be decoded comes as bytes that are no UTF-8 either, so that only its line is lost.
    """
    with open_stream(path, compression) as file:
        yield file if coding.is_plain else io.BufferedReader(_Recoded(file, coding), BLOCK)


class _Recoded(io.RawIOBase):
    """A byte stream in UTF-8; one that cannot be decoded at all raises OSError."""

    def __init__(self, file: BinaryIO, coding: Coding):
        super().__init__()
        # The UTFs know no single bytes to escape; a lone surrogate is what can be wrong in them.
        self.errors = (
            "surrogatepass"
            if coding.encoding.startswith(("utf-16", "utf-32"))
            else "surrogateescape"
        )
        self.file, self.coding = file, coding
        self.decoder = codecs.getincrementaldecoder(coding.encoding)(self.errors)
        self.ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        at_end = False
        while not self.ready and not at_end:
            block = self.file.read(BLOCK)
            at_end = not block
            try:
                text = self.decoder.decode(block, final=at_end)
            except UnicodeError as error:
                raise OSError(f"it is not {self.coding.encoding}: {error}") from None
            if self.coding.returns:
                text = text.replace("\r", "\n")
            self.ready = text.encode("utf-8", self.errors)
        taken, self.ready = self.ready[: len(buffer)], self.ready[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)
