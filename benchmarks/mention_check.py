"""Whether a text still is a mention of what another one named, by their letters alone.

For tests and measurements of `models/tasks/projection.py`; it shares nothing with it.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence


def still_names(old: str, new: str) -> bool:
    """Whether `new` is `old`, its words in any order or number, or at least half of its letters."""
    first, second = _letters(old), _letters(new)
    if old == new or (first and set(old.casefold().split()) == set(new.casefold().split())):
        return True
    common = (first & second).total()
    missing, added = first.total() - common, second.total() - common
    if missing <= 1 and added <= 1:
        return second.total() > 0
    return common >= missing and common >= added - _repeated(old, new)


def _letters(text: str) -> Counter:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return Counter(one for one in plain if one.isalnum())


def _repeated(old: str, new: str) -> int:
    """Letters of words that stand more often than before."""
    before, after = (Counter(text.casefold().split()) for text in (old, new))
    return sum(len(word) * times for word, times in (after - before).items() if word in before)


def sources_of(text: str, edits: Sequence[tuple[int, int, str]]) -> list[int]:
    """For each letter of the variant its place in the text, -1 for one that came."""
    places: list[int] = []
    rest = list(range(len(text)))
    for start, end, new in reversed(edits):
        places[:0] = [-1] * len(new) + rest[end:]
        rest = rest[:start]
    return rest + places
