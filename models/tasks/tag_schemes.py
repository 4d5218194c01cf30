"""The ways of writing entities as a tag for each word: IOB1, IOB2 and IOBES."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from mashbill.models.tasks.names import BadLabel

Scheme = Literal["iob1", "iob2", "iobes"]
OUTSIDE = "O"
_SAME = {"L": "E", "U": "S", "M": "I"}  # BILOU and BMES say the same in other letters
_ENDS_TOLD = frozenset("ES")


class BadTag(BadLabel):
    """A tag that its scheme does not have here. Attributes: `word`, its number from 0."""

    def __init__(self, message: str, word: int):
        super().__init__(message)
        self.word = word


class Tagged(NamedTuple):
    """An entity: words `[first, last)` and the name of its type."""

    first: int
    last: int
    type: str


class _Tag(NamedTuple):
    """A tag in its two parts: one of O, B, I, E and S, and the type of entity, empty for O."""

    kind: str
    type: str


def entities_in(tags: Sequence[str], scheme: Scheme | Literal["auto"]) -> list[Tagged]:
    """The entities that the tags of a text mean; `auto` is IOBES if they mark ends, else IOB2.

    Raises:
        BadTag: a tag is none, or stands where its scheme does not have it.
    """
    parsed = [_parsed(tag, word) for word, tag in enumerate(tags)]
    if scheme == "auto":
        scheme = "iobes" if any(tag.kind in _ENDS_TOLD for tag in parsed) else "iob2"
    entities: list[Tagged] = []
    before, first = _Tag(OUTSIDE, ""), 0
    for word, (tag, after) in enumerate(pairwise([*parsed, _Tag(OUTSIDE, "")])):
        if why := _misfit(scheme, before, tag, after):
            raise BadTag(f"word {word + 1}: {why}", word)
        if _begins(scheme, before, tag):
            first = word
        if tag.kind != OUTSIDE and (after.kind == OUTSIDE or _begins(scheme, tag, after)):
            entities.append(Tagged(first, word + 1, tag.type))
        before = tag
    return entities


def scheme_of(texts: Iterable[Sequence[str]]) -> Scheme:
    """The scheme that the tags of some texts are written in; IOB2 where they do not tell.

    A mark of an entity's end is of IOBES. IOB2 begins every entity with B-, IOB1 only one that
    stands right behind another of its type.
    """
    parsed = [list(_parsable(tags)) for tags in texts]
    if any(tag.kind in _ENDS_TOLD for tags in parsed for tag in tags):
        return "iobes"
    first = [
        tag.kind
        for tags in parsed
        for before, tag in pairwise([_Tag(OUTSIDE, ""), *tags])
        if tag.type not in ("", before.type)
    ]
    return "iob1" if "I" in first and "B" not in first else "iob2"


def _parsable(tags: Sequence[str]) -> Iterator[_Tag]:
    for word, tag in enumerate(tags):
        try:
            yield _parsed(tag, word)
        except BadTag:
            continue


def _parsed(tag: str, word: int) -> _Tag:
    if tag == OUTSIDE:
        return _Tag(OUTSIDE, "")
    kind, _, name = tag.partition("-")
    kind = _SAME.get(kind, kind)
    if kind not in ("B", "I", "E", "S") or not name:
        raise BadTag(
            f"word {word + 1}: {tag[:80]!r} is not a tag: expected O, or B- or I- and a type", word
        )
    return _Tag(kind, name)


def _begins(scheme: Scheme, before: _Tag, tag: _Tag) -> bool:
    if tag.kind == OUTSIDE:
        return False
    if scheme == "iob1":
        return tag.kind == "B" or before.type != tag.type
    return tag.kind in ("B", "S")


def _misfit(scheme: Scheme, before: _Tag, tag: _Tag, after: _Tag) -> str | None:
    """Why a tag cannot stand between these two; None where it can."""
    behind = f"{tag.kind}-{tag.type} after {_shown(before)}"
    if scheme == "iobes":
        goes_on = before.kind in ("B", "I") and before.type == tag.type
        if tag.kind in ("I", "E") and not goes_on:
            return f"{behind}: in IOBES an entity begins with B- or S-"
        if tag.kind in ("B", "I") and not (after.kind in ("I", "E") and after.type == tag.type):
            return f"{tag.kind}-{tag.type} before {_shown(after)}: in IOBES an entity ends with E-"
        return None
    if tag.kind in _ENDS_TOLD:
        return f"{tag.kind}-{tag.type} belongs to IOBES, not to {scheme.upper()}"
    if scheme == "iob2" and tag.kind == "I" and before.type != tag.type:
        return f"{behind}: in IOB2 an entity begins with B-"
    if scheme == "iob1" and tag.kind == "B" and before.type != tag.type:
        return f"{behind}: in IOB1 only one after another of its type begins with B-"
    return None


def _shown(tag: _Tag) -> str:
    return f"{tag.kind}-{tag.type}" if tag.type else tag.kind
