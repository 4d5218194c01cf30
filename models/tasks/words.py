"""Words of a text, told from the text alone, so that variants have words without any state."""

import regex

# Scripts that are written without spaces: a letter is a word of its own.
UNSPACED = "".join(
    rf"\p{{Script={name}}}"
    for name in ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
)
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
