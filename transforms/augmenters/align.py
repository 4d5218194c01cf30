"""Edits that turn a text into another one, where white space does not count.

For programs that answer a whole text, and respace it on the way.
"""

import re
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher

from mashbill.transforms.augmenters.edits import Edit
from mashbill.transforms.augmenters.tokens import match_case

JOINERS = "'’ʼ\\-‐‑"  # in a word: don't, well-known
_TOKEN = re.compile(rf"\w+(?:[{JOINERS}]\w+)*|[^\w\s]")
_JOINER = re.compile(rf"([{JOINERS}])")
EXACT = 1000  # tokens up to which the fewest differences are looked for
LOOK_AHEAD = 12  # tokens within which the texts must meet again, else the rest counts as replaced
AGREE = 2  # tokens that must be equal for the texts to have met


def edits_between(source: str, other: str) -> list[Edit]:
    """Edits on `source`, in its own spacing; linear in the length of the texts.

    If `other` has no capital where `source` has, its casing and accents are not compared: some
    tokenizers lose both. What replaces a word is then in the casing of that word.
    """
    plain = other.islower() and not source.islower()
    fold = _plain if plain else str
    other = _rejoined(source, other)
    left = [match.span() for match in _TOKEN.finditer(source)]
    right = [match.span() for match in _TOKEN.finditer(other)]
    first = [fold(source[start:end]) for start, end in left]
    second = [fold(other[start:end]) for start, end in right]
    edits = []
    for i, gone, j, come in _differences(first, second):
        new = other[right[j][0] : right[j + come - 1][1]] if come else ""
        if plain and gone and new:
            new = match_case(source[slice(*left[i])], new)
        edits.append(_edit(source, left[i : i + gone], left[i][0] if i < len(left) else None, new))
    return edits


def words_and_marks(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _rejoined(source: str, other: str) -> str:
    """`other` with the words of `source` in one piece again: "don't", not "don ' t"."""
    joined = sorted({word for word in words_and_marks(source) if _JOINER.search(word)}, key=len)
    if not joined:
        return other
    spaced = (r"\s*".join(map(re.escape, _JOINER.split(word))) for word in reversed(joined))
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda match: "".join(match.group().split()), other)


def _plain(token: str) -> str:
    """Without casing and accents."""
    letters = unicodedata.normalize("NFD", token.lower())
    return "".join(letter for letter in letters if unicodedata.category(letter) != "Mn")


def _differences(first: list[str], second: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Stretches that differ: place and length in `first`, place and length in `second`."""
    if len(first) + len(second) <= EXACT:  # which takes quadratic time
        for kind, i, i_end, j, j_end in SequenceMatcher(None, first, second, False).get_opcodes():
            if kind != "equal":
                yield i, i_end - i, j, j_end - j
        return
    i = j = 0
    while i < len(first) or j < len(second):
        if i < len(first) and j < len(second) and first[i] == second[j]:
            i, j = i + 1, j + 1
            continue
        gone, come = _meeting(first, second, i, j)
        yield i, gone, j, come
        i, j = i + gone, j + come


def _meeting(first: list[str], second: list[str], i: int, j: int) -> tuple[int, int]:
    """How many tokens of each to pass until both go on alike; as few as possible."""
    for total in range(1, 2 * LOOK_AHEAD):
        for gone in sorted(
            range(max(0, total - LOOK_AHEAD), min(total, LOOK_AHEAD) + 1),
            key=lambda gone: abs(2 * gone - total),
        ):
            a, b = i + gone, j + total - gone
            ends = a >= len(first) or b >= len(second)
            if ends and (a, b) == (len(first), len(second)):
                return gone, total - gone
            if not ends and first[a : a + AGREE] == second[b : b + AGREE]:
                return gone, total - gone
    return len(first) - i, len(second) - j


def _edit(source: str, spans: list[tuple[int, int]], place: int | None, new: str) -> Edit:
    if spans and new:
        return Edit(spans[0][0], spans[-1][1], new)
    if spans:  # gone, with the space before it, or behind it at the start
        start, end = spans[0][0], spans[-1][1]
        if start and source[start - 1].isspace():
            return Edit(start - 1, end, "")
        return Edit(start, end + (source[end : end + 1].isspace() and start == 0), "")
    if place is None:
        end = len(source.rstrip())
        return Edit(end, end, f" {new}" if new[0].isalnum() and end else new)
    return Edit(place, place, f"{new} ")
