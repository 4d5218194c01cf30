"""Mentions carried over from a text to a variant of it, by the changes that made the variant.

A mention is kept where the text under it is still the one that was labelled, or a misspelling of
it; anything else loses the variant. What a change puts outside of mentions is taken to be none.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any, NamedTuple

import regex

from mashbill.models.tasks.base import Lost
from mashbill.models.tasks.words import UNSPACED, word_bounds, words_of

Change = tuple[int, int, str]
"""Puts a text in the place of `[start, end)`; offsets in code points."""

REASONS = {
    "deleted": "nothing is left of a mention",
    "cut": "a word of a mention is gone",
    "rewritten": "a word of a mention became another, or another came between its words",
    "joined": "a mention became one word with what stands beside it",
    "apart": "words of a mention were mixed with those around it",
    "reordered": "two mentions changed places",
}
MOST_PIECES = 2000  # that are compared word by word, which takes quadratic time

_LETTER = regex.compile(r"[\w\p{M}]")
_LETTER_OF_UNSPACED = regex.compile(f"[{UNSPACED}]")
_BESIDE_WORDS = regex.compile(r"^[^\w\p{M}]+|[^\w\p{M}]+$")


class Span(NamedTuple):
    """A mention: `text[start:end]`, in code points, and its type."""

    start: int
    end: int
    label: Any


class _LostMention(Exception):
    """A mention has no place in the variant; the argument is the reason."""


def spans_of(label: Any) -> list[Span]:
    """The mentions that a value of the column `label` holds; none in a task without mentions."""
    if not isinstance(label, list | tuple):
        return []
    return [
        Span(one["start"], one["end"], one["label"]) for one in label if isinstance(one, Mapping)
    ]


def carried(label: Any, text: str, changes: Sequence[Change]) -> Any | Lost:
    """A value of the column `label` for what the changes make of the text.

    Mentions move along; any other label, and an empty list, stays as it is.
    """
    spans = spans_of(label)
    if not spans or not changes:
        return label
    projected = project(text, spans, changes)
    return projected if isinstance(projected, Lost) else [span._asdict() for span in projected]


def project(text: str, spans: Sequence[Span], changes: Sequence[Change]) -> list[Span] | Lost:
    """The mentions of the variant: as many, and in the same order.

    Args:
        text: what the changes are made to.
        spans: its mentions, sorted and apart.
        changes: sorted and apart. A single one of the whole text will do where no others are known.
    """
    try:
        changes = [one for change in changes for one in _refined(text, spans, change)]
        variant = _applied(text, changes)
        placed = [_placed(text, variant, span, changes) for span in spans]
    except _LostMention as error:
        return Lost(str(error))
    if any(before.end > after.start for before, after in pairwise(placed)):
        return Lost("reordered")
    return placed


def _applied(text: str, changes: Iterable[Change]) -> str:
    pieces, place = [], 0
    for start, end, new in changes:
        pieces += (text[place:start], new)
        place = end
    return "".join([*pieces, text[place:]])


# Changes that reach over the border of a mention say too little of where it went.


def _refined(text: str, spans: Sequence[Span], change: Change) -> Iterator[Change]:
    """The same change; in smaller ones if it reaches over the border of a mention."""
    if not any(_reaches_over(change, span) for span in spans):
        yield change
        return
    start, end, new = change
    done = 0
    for span, begin in _standing(text, spans, change):
        yield from _by_words(text, spans, (start, span.start, new[done:begin]))
        start, done = span.end, begin + span.end - span.start
        yield span.start, span.end, new[begin:done]
    yield from _by_words(text, spans, (start, end, new[done:]))


def _reaches_over(change: Change, span: Span) -> bool:
    """Whether something of the mention changes together with something outside of it."""
    start, end, _ = change
    return start < span.end and span.start < end and (start < span.start or span.end < end)


def _standing(text: str, spans: Sequence[Span], change: Change) -> list[tuple[Span, int]]:
    """The mentions that stand once in what a change replaces and once in what it puts there.

    Each comes with its place in the new text. Raises _LostMention where their order is another.
    """
    start, end, new = change
    pairs = []
    for span in spans:
        if start <= span.start and span.end <= end:
            pattern = _whole(text, span)
            places = [match.start() for match in pattern.finditer(new)]
            if len(places) == 1 and len(pattern.findall(text[start:end])) == 1:
                pairs.append((span, places[0]))
    in_order = all(
        place + one.end - one.start <= behind for (one, place), (_, behind) in pairwise(pairs)
    )
    if not in_order:
        raise _LostMention("reordered")
    return pairs


def _whole(text: str, span: Span) -> regex.Pattern[str]:
    """The mention in any casing; within a longer word only if it stands so in the text."""
    before = "" if _inside_word(text, span.start) else r"(?<![\w\p{M}])"
    after = "" if _inside_word(text, span.end) else r"(?![\w\p{M}])"
    mention = regex.escape(text[span.start : span.end])
    return regex.compile(f"{before}{mention}{after}", regex.IGNORECASE)


def _by_words(text: str, spans: Sequence[Span], change: Change) -> Iterator[Change]:
    """The same change, word by word where there are mentions."""
    start, end, new = change
    if start == end and not new:
        return
    left, right = _pieces(text[start:end]), _pieces(new)
    if len(left) + len(right) > MOST_PIECES or not any(_reaches_over(change, s) for s in spans):
        yield change
        return
    places = [start]
    for piece in left:
        places.append(places[-1] + len(piece))
    for kind, a, b, c, d in SequenceMatcher(None, left, right, False).get_opcodes():
        if kind != "equal":
            yield places[a], places[b], "".join(right[c:d])


def _pieces(text: str) -> list[str]:
    """Its words, and what stands between them."""
    places = [0, *(place for bounds in word_bounds(text) for place in bounds), len(text)]
    return [text[start:end] for start, end in pairwise(places) if start < end]


# Where a mention went, and whether it is still one.


def _placed(text: str, variant: str, span: Span, changes: Iterable[Change]) -> Span:
    """Raises _LostMention."""
    start = end = 0  # by how much they move
    touched = False
    for change in changes:
        grows = len(change[2]) - (change[1] - change[0])
        if _reaches_over(change, span):
            whole = change[0] <= span.start and span.end <= change[1]
            reason = "rewritten" if change[2].strip() else "deleted" if whole else "cut"
            raise _LostMention(_unless_apart(reason, text, variant, span))
        if _is_within(text, change, span):
            end, touched = end + grows, True
        elif change[1] <= span.start:
            start, end = start + grows, end + grows
    placed = Span(span.start + start, span.end + end, span.label)
    if touched:
        placed = _trimmed(text, variant, span, placed)
        _check_words(text, variant, span, placed)
    for old, new in ((span.start, placed.start), (span.end, placed.end)):
        if _inside_word(variant, new) and not _inside_word(text, old):
            raise _LostMention("joined")
    return placed


def _is_within(text: str, change: Change, span: Span) -> bool:
    """Whether a change is made to the mention itself.

    Something that is put at a border is not, unless it repeats the word there: "Paris Paris".
    """
    start, end, new = change
    if start < end or span.start < start < span.end:
        return span.start <= start and end <= span.end
    if start not in (span.start, span.end):
        return False
    words = _words(text[span.start : span.end])
    return bool(words) and _words(new) == [words[0 if start == span.start else -1]]


def _trimmed(text: str, variant: str, old: Span, new: Span) -> Span:
    """Without space and marks at a border where the mention has a letter."""
    start, end, mention = new.start, new.end, text[old.start : old.end]
    for match in _BESIDE_WORDS.finditer(variant[new.start : new.end]):
        if match.start() == 0 and not _BESIDE_WORDS.match(mention):
            start = new.start + match.end()
        elif match.end() == new.end - new.start and _is_word(mention[-1]):
            end = new.start + match.start()
    return new._replace(start=start, end=max(start, end))


def _check_words(text: str, variant: str, old: Span, new: Span) -> None:
    """Raises _LostMention unless the mention's words are there, perhaps misspelt."""
    before, after = text[old.start : old.end], variant[new.start : new.end]
    words, others = _words(before), _words(after)
    if not after or (words and not others):
        raise _LostMention(_unless_apart("deleted", text, variant, old))
    if not words and before != after:
        raise _LostMention("rewritten")
    if set(words) == set(others):
        return
    for kind, a, b, c, d in SequenceMatcher(None, words, others, False).get_opcodes():
        if kind == "delete":
            raise _LostMention(_unless_apart("cut", text, variant, old))
        if kind == "insert" and not set(others[c:d]) <= set(words):
            raise _LostMention(_how_interrupted(text, variant, others[c:d]))
        if kind == "replace" and not _misspells(words[a:b], others[c:d]):
            raise _LostMention(_unless_apart("rewritten", text, variant, old))


def _misspells(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether at least half the letters of each word are still there, or all but one.

    Words may have been split or joined.
    """
    matcher = SequenceMatcher(None, "".join(words), "".join(others), False)
    blocks = matcher.get_matching_blocks()
    return all(
        2 * shared >= size or (len(own) == 1 and size - shared == 1)
        for own, places in ((words, 0), (others, 1))
        for size, shared in _shared(own, [(block[places], block.size) for block in blocks])
    )


def _shared(words: Sequence[str], blocks: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Of each word, how many letters it has and how many of these lie in the blocks."""
    place = 0
    for word in words:
        end = place + len(word)
        yield len(word), sum(max(0, min(end, a + n) - max(place, a)) for a, n in blocks)
        place = end


def _unless_apart(reason: str, text: str, variant: str, span: Span) -> str:
    """The reason, or `apart` where all words of the mention are still in the variant."""
    there, here = Counter(_words(variant)), Counter(_words(text))
    words = _words(text[span.start : span.end])
    return "apart" if words and all(there[word] >= here[word] for word in words) else reason


def _how_interrupted(text: str, variant: str, foreign: Sequence[str]) -> str:
    """The reason for words that came into a mention: from around it, or new ones."""
    there, here = Counter(_words(variant)), Counter(_words(text))
    return "apart" if all(there[word] <= here[word] for word in foreign) else "rewritten"


def _words(text: str) -> list[str]:
    """Its words without casing and accents."""
    return [_plain(word) for word in words_of(text) if _is_word(word[0])]


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(one for one in letters if not unicodedata.combining(one)) or word


def _is_word(letter: str) -> bool:
    return _LETTER.match(letter) is not None


def _inside_word(text: str, place: int) -> bool:
    """Whether a word goes on over this place; a script without spaces does not tell."""
    sides = text[max(0, place - 1) : place + 1]
    return (
        0 < place < len(text)
        and all(map(_is_word, sides))
        and not _LETTER_OF_UNSPACED.search(sides)
    )
