"""What no augmenter may touch: the spans that `protect` and `protect_words` name."""

import functools
import re
from collections.abc import Iterator

DEFAULT = ("url", "email", "mention", "hashtag", "number", "special")

# Each starts at a place that a look-behind tells, so that a text of any shape takes linear time.
_NAMED = {
    "url": r"(?<![^\W_])(?:[A-Za-z][A-Za-z0-9+.-]{0,20}://|www\.)[^\s<>]+(?<![.,;:!?)\]}'\"’])",
    "email": r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)*+",
    "mention": r"(?<![\w@])@\w++",
    "hashtag": r"(?<![\w#])#\w++",
    "number": r"(?<![\w.,])[^\W\d]*+\d\w*+(?:[.,:/]\d\w*+)*+",
    "special": r"\[[A-Z]{2,20}(?:_\d+)?\]|<[/|]?[A-Za-z][^<>]{0,100}>|\{\w{1,50}\}",
}

# One of these stands in whatever the pattern matches; a text without them need not be searched.
_SIGNS = {
    "url": ("://", "www."),
    "email": ("@",),
    "mention": ("@",),
    "hashtag": ("#",),
    "special": ("[", "<", "{"),
}


class Guard:
    """Finds protected spans.

    Args:
        protect: names of `DEFAULT`, or regular expressions.
        words: words, in any casing.

    Raises:
        ValueError: an entry of `protect` is no regular expression.
    """

    def __init__(self, protect: tuple[str, ...], words: tuple[str, ...]):
        patterns: list[tuple[tuple[str, ...], str]] = []
        for entry in protect:
            try:
                re.compile(_NAMED.get(entry, entry))
            except re.error as error:
                raise ValueError(
                    f"{entry!r} is neither one of {', '.join(DEFAULT)} nor a regular expression: "
                    f"{error}"
                ) from None
            patterns.append((_SIGNS.get(entry, ()), _NAMED.get(entry, entry)))
        if words:
            listed = "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True) if w)
            patterns.append(((), rf"(?i:(?<!\w)(?:{listed})(?!\w))"))
        self.needs_signal = not words and all(entry in _NAMED for entry in protect)
        self.is_empty = not patterns
        self._number = re.compile(_NAMED["number"]) if "number" in protect else None
        self._patterns = [(signs, re.compile(pattern)) for signs, pattern in patterns]

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """The spans of each pattern; they may overlap."""
        for signs, pattern in self._patterns:
            if not signs or any(sign in text for sign in signs):
                for match in pattern.finditer(text):
                    yield match.span()

    def numbers(self, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The spans of numbers between two places, if numbers are protected."""
        found = self._number.finditer(text, start, end) if self._number else ()
        return (match.span() for match in found)


@functools.lru_cache(maxsize=256)
def guard(protect: tuple[str, ...], words: tuple[str, ...]) -> Guard:
    return Guard(protect, words)
