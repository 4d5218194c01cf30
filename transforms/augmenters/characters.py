"""What a code point is, as bit flags that numpy looks up for a whole batch at once."""

import functools

import numpy as np
import regex

WORD = 1  # letter, mark, digit or underscore
DIGIT = 2
LETTER = 4
SPACE = 8
JOINER = 16  # apostrophe or hyphen: part of a word where it stands between two word characters
HOLDS_PREVIOUS = 32  # continues the grapheme cluster before it
HOLDS_NEXT = 64  # the next code point belongs to its cluster
SOLO = 128  # a script without spaces, where each character counts as a word
SIGNAL = (
    256  # a text without such a character or a digit has nothing that the default `protect` names
)
UPPER = 1024  # match_case looks at a word that has such a letter
INNER = 2048  # makes one word of the two word characters that it stands between
EYES = 4096  # may begin an emoticon
APOSTROPHE = 8192
FACE = 16384  # in an emoticon of letters, which has an underscore or ends with "xD"
EDGE = 512  # not a character: before the first and after the last of a text

# Clusters after UAX #29, joined rather once too often than once too seldom (flags of two letters,
# conjuncts), because a cluster that is too large is left alone and one too small is torn.
_FLAGS = {
    WORD: r"[\p{L}\p{M}\p{N}_]",
    DIGIT: r"\p{N}",
    LETTER: r"\p{L}",
    SPACE: r"[\s\x1c-\x1f]",
    JOINER: r"['’ʼ\-‐‑]",
    HOLDS_PREVIOUS: r"[\p{M}\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}\p{GCB=V}\p{GCB=T}]",
    HOLDS_NEXT: r"[\p{GCB=Prepend}\p{GCB=ZWJ}\p{GCB=L}\p{GCB=Regional_Indicator}\p{ccc=9}\r]",
    SOLO: r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]",
    SIGNAL: r"[@#\[<{/&]",
    INNER: r"[.&*$]",
    EYES: r"[:;=<>]",
    APOSTROPHE: r"['’]",
    FACE: r"[D_]",
    UPPER: r"[\p{Lu}\p{Lt}]",
}


@functools.cache
def table() -> np.ndarray:
    """uint16 [0x110000]: the flags of each code point."""
    everything = "".join(map(chr, range(0x110000)))
    flags = np.zeros(0x110000, np.uint16)
    for flag, pattern in _FLAGS.items():
        for run in regex.finditer(f"(?:{pattern})+", everything):
            flags[run.start() : run.end()] |= flag
    return flags


@functools.cache
def members(characters: str) -> np.ndarray:
    """bool [0x110000], shared: whether a code point is one of `characters`."""
    mask = np.zeros(0x110000, bool)
    mask[[ord(character) for character in characters]] = True
    return mask
