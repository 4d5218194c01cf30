"""From words of a text to mask tokens among its tokens, and which words may come there."""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Encoding


class TextTokens:
    """The tokens of a text, `leading` special ones first and `trailing` last, and their places."""

    def __init__(self, encoding: "Encoding", leading: int, trailing: int):
        self.ids: list[int] = encoding.ids
        self.leading, self.trailing = leading, trailing
        offsets = encoding.offsets[leading : len(self.ids) - trailing]
        self._starts = [start for start, _ in offsets]
        self._ends = [end for _, end in offsets]

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Which tokens, half open, make up just `text[start:end]`; None if none do."""
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        if first >= last or self._starts[first] < start or self._ends[last - 1] != end:
            return None
        return first + self.leading, last + self.leading


class Slot(NamedTuple):
    """Tokens `first` to `last` (half open; equal for an insertion) that one mask stands for."""

    tokens: TextTokens
    first: int
    last: int


class Plan(NamedTuple):
    """Token ids with masks, and the columns of these."""

    ids: list[int]
    columns: list[int]


def hide(slots: Sequence[Slot], mask_id: int, max_length: int) -> Plan:
    """One mask token for each slot of a text, whatever the number of tokens that it replaces.

    Insertions make a row longer; what then exceeds `max_length` is cut, so that the last slots may
    have no column.
    """
    tokens = slots[0].tokens
    ids: list[int] = []
    columns: list[int] = []
    place = 0
    for _, first, last in slots:
        ids += tokens.ids[place:first]
        columns.append(len(ids))
        ids.append(mask_id)
        place = last
    ids += tokens.ids[place:]
    if len(ids) <= max_length:
        return Plan(ids, columns)
    room = max_length - tokens.trailing
    ids = ids[:room] + tokens.ids[len(tokens.ids) - tokens.trailing :]
    return Plan(ids, columns[: bisect_left(columns, room)])


def allowed(
    words: Sequence[str], numbers: np.ndarray, avoid: Sequence[set[str]], like: Sequence[str]
) -> np.ndarray:
    """Which candidates may come where: bool in the shape of `numbers`, [places, candidates].

    A word must be of the script of `like` and, case folded, none of `avoid`.
    """
    out = np.empty(numbers.shape, bool)
    for row, (candidates, banned, near) in enumerate(
        zip(numbers.tolist(), avoid, like, strict=True)
    ):
        script = _script(near[0])
        out[row] = [
            _script(words[i][0]) == script and words[i].casefold() not in banned for i in candidates
        ]
    return out


@lru_cache(maxsize=65_536)
def _script(letter: str) -> str:
    """LATIN, CYRILLIC, CJK and so on: the first word of the letter's Unicode name."""
    return unicodedata.name(letter, "").partition(" ")[0]
