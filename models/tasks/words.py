"""Words of a text, told from the text alone, so that variants have words without any state."""

import regex

# Scripts that are written without spaces: a letter is a word of its own.
UNSPACED_SCRIPTS = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
UNSPACED = "".join(rf"\p{{Script={name}}}" for name in UNSPACED_SCRIPTS)
_WORD = regex.compile(
    rf"(?V1)[{UNSPACED}]\p{{M}}*|[[\w\p{{M}}]--[{UNSPACED}]]+|[^\w\p{{M}}\s]\p{{M}}*"
)


def word_bounds(text: str) -> list[tuple[int, int]]:
    """Start and end of each word, in code points: runs of letters and digits, single letters of
    scripts without spaces, and every other character that is no white space, by itself. Marks stay
    with what they stand on."""
    return [match.span() for match in _WORD.finditer(text)]


def words_of(text: str) -> list[str]:
    """The words themselves."""
    return _WORD.findall(text)


_UNSPACED = regex.compile(f"[{UNSPACED}]")
_BETWEEN_SPACES = regex.compile(rf"[{UNSPACED}]\p{{M}}*|[^\s{UNSPACED}]+")


def spaced_words(text: str) -> list[str]:
    """What stands between white space, marks included; letters of scripts without spaces are words
    of their own."""
    return _BETWEEN_SPACES.findall(text) if _UNSPACED.search(text) else text.split()
