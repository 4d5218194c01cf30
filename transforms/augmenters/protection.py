"""What no augmenter may touch: the spans that `protect` and `protect_words` name."""

import functools
import re
from collections.abc import Iterator

import regex

from mashbill.models.errors import MashbillError

MENTIONS = "spans"  # of a task with named entities; they come with each text
DEFAULT = (
    *("url", "email", "mention", "hashtag", "number", "special"),
    *("entity", "dotted", "emoticon", "possessive"),
)

# Each starts at a place that a look-behind tells, so that a text of any shape takes linear time.
_UNITS = (
    "kg|mg|g|km|cm|mm|m|mi|ft|lbs?|oz|ml|l|mph|kmh|hz|khz|mhz|ghz|kb|mb|gb|tb|kw|mw|"
    "eur|usd|gbp|am|pm"
)
_NAMED = {
    "url": r"(?<![^\W_])(?:[A-Za-z][A-Za-z0-9+.-]{0,20}://|www\.)[^\s<>]+(?<![.,;:!?)\]}'\"’])",
    "email": r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)*+",
    "mention": r"(?<![\w@])@\w++",
    "hashtag": r"(?<![\w#])#\w++",
    "number": r"(?<![\w.,])[^\W\d]*+\d\w*+(?:[.,:/]\d\w*+)*+"
    rf"(?:[ ](?i:{_UNITS})(?![\w'’-]))?",
    "special": r"\[[A-Z]{2,20}(?:_\d+)?\]|<[/|]?[A-Za-z][^<>]{0,100}>|\{\w{1,50}\}",
    "entity": r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});",
    # U.S., e.g., AT&T, and bare domains with what follows them
    "dotted": r"(?<![\w.&*$'’-])\w[\w'’-]*+(?:[.&*$]\w[\w'’-]*+)++(?:/[^\s<>]*(?<![.,;:!?)\]}'\"’])"
    r"|(?<=\.\w)\.)?",
    "emoticon": r"(?<![\w:;=])(?:[<>]?[:;=][-~o^'’]{0,2}[()\[\]{}dDpPoO0sScC3/\\|*@]"
    r"|[xX]D+|<[/\\]?3+|[oO]_[oO]|T_T)(?!\w)",
    "possessive": r"(?<![\w'’-])\w[\w'’-]*[sS]['’](?=\s)",
}

# One of these stands in whatever the pattern matches; a text without them need not be searched.
_SIGNS = {
    "url": ("://", "www."),
    "email": ("@",),
    "mention": ("@",),
    "hashtag": ("#",),
    "special": ("[", "<", "{"),
    "entity": ("&",),
    "dotted": (".", "&", "*", "$"),
    "possessive": ("s'", "s’", "S'", "S’"),
}


PROBE_SECONDS = 1.0  # for a few hundred letters, which take a sound expression microseconds
SEARCH_SECONDS = 10.0  # for one text


class Search:
    """A regular expression of the recipe's, which is given so many seconds for each text.

    Raises:
        ValueError: it is none, or takes exponential time on one of a few short texts.
    """

    def __init__(self, expression: str):
        try:
            self._pattern = regex.compile(expression)
        except regex.error as error:
            raise ValueError(
                f"{expression!r} is neither one of {', '.join(DEFAULT)} nor a regular expression: "
                f"{error}"
            ) from None
        for probe in _probes(expression):
            try:
                for _ in self._pattern.finditer(probe, timeout=PROBE_SECONDS):
                    pass
            except TimeoutError:
                raise ValueError(
                    f"{expression!r} takes exponential time, more than {PROBE_SECONDS:g} s "
                    f"for {len(probe)} letters such as {probe[:8]!r}: avoid a repetition "
                    "inside a repetition, or make it possessive (a++)"
                ) from None

    def finditer(self, text: str) -> Iterator[regex.Match]:
        """Raises MashbillError if the text takes too long."""
        try:
            yield from self._pattern.finditer(text, timeout=SEARCH_SECONDS)
        except TimeoutError:
            raise MashbillError(
                f"protect: {self._pattern.pattern!r} takes more than {SEARCH_SECONDS:g} s for a "
                f"text of {len(text):,} characters that begins {text[:40]!r}"
            ) from None


def _probes(expression: str) -> Iterator[str]:
    """Runs of letters that end otherwise: what makes repetitions inside others backtrack."""
    for unit in dict.fromkeys(["a", "1", " ", "a ", "aA", *expression[:100]]):
        # With all letters of the expression: one that is missing would end the search at once.
        yield unit * 200 + "\0" + expression


class Guard:
    """Finds protected spans.

    Args:
        protect: names of `DEFAULT`, `MENTIONS`, of which it finds none, or regular expressions.
        words: words, in any casing.

    Raises:
        ValueError: an entry of `protect` is no regular expression, or one without end.
    """

    def __init__(self, protect: tuple[str, ...], words: tuple[str, ...]):
        patterns: list[tuple[tuple[str, ...], re.Pattern | Search]] = [
            (_SIGNS.get(entry, ()), re.compile(_NAMED[entry]) if entry in _NAMED else Search(entry))
            for entry in protect
            if entry != MENTIONS
        ]
        if words:
            listed = "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True) if w)
            patterns.append(((), re.compile(rf"(?i:(?<!\w)(?:{listed})(?!\w))")))
        self.needs_signal = not words and all(entry in _NAMED for entry in protect)
        self.is_empty = not patterns
        self._number = re.compile(_NAMED["number"]) if "number" in protect else None
        self._patterns = patterns

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
