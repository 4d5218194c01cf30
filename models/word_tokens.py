"""What a tokenizer makes of words, each made once, since texts repeat their words.

Where a tokenizer cuts at spaces before all else, a text's tokens are those of the parts between its
spaces, end to end. A table of the parts already met takes the place of nearly all its work: 10 µs
for a text of a hundred tokens, where the tokenizer itself takes 280.
"""

import json
import threading
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Encoding, Tokenizer

from mashbill.models.ranges import ranges

TABLE_CHARACTERS = 4 << 20  # of all parts in a table before it is begun anew: some 50 MB
CUT_AT_SPACES = {"BertPreTokenizer", "Whitespace", "WhitespaceSplit"}
SEE_NO_SPACE = {"BertNormalizer", "Lowercase", "StripAccents", "NFC", "NFD", "NFKC", "NFKD"}


class Ragged(NamedTuple):
    """Rows of numbers, end to end.

    Attributes:
        flat: int64 [sum of the lengths].
        lengths: of the rows, int64 [rows].
    """

    flat: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Self:
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(np.fromiter(chain.from_iterable(rows), np.int64, int(lengths.sum())), lengths)

    @property
    def starts(self) -> np.ndarray:
        """Where each row begins, int64 [rows]."""
        return np.cumsum(self.lengths) - self.lengths

    def lists(self) -> list[list[int]]:
        """Each row by itself."""
        flat, starts = self.flat.tolist(), self.starts.tolist()
        return [flat[a : a + n] for a, n in zip(starts, self.lengths.tolist(), strict=True)]

    def cut(self, longest: int) -> Self:
        """Of each row at most so many numbers, the first ones."""
        lengths = np.minimum(self.lengths, longest)
        return type(self)(self.flat[ranges(self.starts, lengths)], lengths)

    def between(self, first: Sequence[int], last: Sequence[int]) -> Self:
        """Each row with the same numbers before and behind it."""
        lengths = self.lengths + len(first) + len(last)
        framed = type(self)(np.empty(int(lengths.sum()), np.int64), lengths)
        begin = framed.starts
        framed.flat[ranges(begin + len(first), self.lengths)] = self.flat
        for place, number in enumerate(first):
            framed.flat[begin + place] = number
        for place, number in enumerate(reversed(last), 1):
            framed.flat[begin + lengths - place] = number
        return framed

    def take(self, rows: np.ndarray) -> Self:
        """These rows, in this order."""
        lengths = self.lengths[rows]
        return type(self)(self.flat[ranges(self.starts[rows], lengths)], lengths)

    def once(self) -> tuple[Self, np.ndarray]:
        """Equal rows once, and the place of each row among these, int64 [rows]."""
        flat, size = self.flat.tobytes(), self.flat.itemsize
        begins, lengths = self.starts * size, self.lengths * size
        places: dict[bytes, int] = {}
        of_rows = [
            places.setdefault(flat[begin : begin + length], len(places))
            for begin, length in zip(begins.tolist(), lengths.tolist(), strict=True)
        ]
        of_rows = np.array(of_rows, np.int64)
        if len(places) == len(of_rows):
            return self, of_rows
        return self.take(np.unique(of_rows, return_index=True)[1]), of_rows

    def replaced(self, chosen: np.ndarray, others: Self) -> Self:
        """With other rows in the place of some, bool [rows]."""
        lengths = self.lengths.copy()
        lengths[chosen] = others.lengths
        made = type(self)(np.empty(int(lengths.sum()), self.flat.dtype), lengths)
        kept = np.flatnonzero(~chosen)
        made.flat[ranges(made.starts[kept], lengths[kept])] = self.take(kept).flat
        made.flat[ranges(made.starts[chosen], others.lengths)] = others.flat
        return made


class Pieces(NamedTuple):
    """Tokens of texts, without special ones, and where they stand.

    Attributes:
        ids: of each text.
        begins, ends: code points of the text, int64, of each token as `ids.flat` has them.
    """

    ids: Ragged
    begins: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, encodings: Sequence[Encoding], leading: int = 0, trailing: int = 0) -> Self:
        """Args: `leading` and `trailing`, how many special tokens come first and last in each."""
        ids = [encoding.ids[leading : len(encoding) - trailing] for encoding in encodings]
        offsets = (one.offsets[leading : len(one) - trailing] for one in encodings)
        flat = np.fromiter(chain.from_iterable(chain.from_iterable(offsets)), np.int64)
        return cls(Ragged.of(ids), *flat.reshape(-1, 2).T)

    def cut(self, longest: int) -> Self:
        """Of each text at most so many tokens, the first ones."""
        columns = (Ragged(column, self.ids.lengths).cut(longest).flat for column in self[1:])
        return type(self)(self.ids.cut(longest), *columns)


class WordTokens:
    """The tokens of whole texts, without special ones.

    Args:
        tokenizer: that neither cuts nor pads, and of which `cuts_at_spaces` is true.
        places: whether `pieces` is wanted, which makes the first sight of a word dearer.
    """

    def __init__(self, tokenizer: Tokenizer, places: bool = False):
        self._tokenizer, self._places = tokenizer, places
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._numbers: dict[str, int] = {}
        self._table = Pieces.of([])
        self._characters = 0

    def read(self, texts: Sequence[str]) -> Ragged:
        """Their tokens."""
        parts = _parts(texts)
        numbers, table = self._look_up(parts)
        ids = table.ids.take(numbers)
        return Ragged(ids.flat, _sums(ids.lengths, parts.counts))

    def pieces(self, texts: Sequence[str]) -> Pieces:
        """Their tokens, and where they stand."""
        parts = _parts(texts)
        numbers, table = self._look_up(parts)
        of_parts = table.ids.take(numbers)
        places = ranges(table.ids.starts[numbers], of_parts.lengths)
        sizes = pc.utf8_length(parts.different).to_numpy()[parts.numbers] + 1
        begin = np.cumsum(sizes) - sizes
        begin -= np.repeat(begin[np.cumsum(parts.counts) - parts.counts], parts.counts)
        begin = np.repeat(begin, of_parts.lengths)
        ids = Ragged(of_parts.flat, _sums(of_parts.lengths, parts.counts))
        return Pieces(ids, begin + table.begins[places], begin + table.ends[places])

    def _look_up(self, parts: "_Parts") -> tuple[np.ndarray, Pieces]:
        """The number of each part, and the table that has them all."""
        different = parts.different.to_pylist()
        with self._lock:
            if self._characters > TABLE_CHARACTERS:
                self._clear()
            self._learn([part for part in different if part not in self._numbers])
            numbers = map(self._numbers.__getitem__, different)
            return np.fromiter(numbers, np.int64, len(different))[parts.numbers], self._table

    def _learn(self, new: Sequence[str]) -> None:
        if not new:
            return
        known, learnt = self._table, self._encoded(new)
        ids = Ragged(*map(np.concatenate, zip(known.ids, learnt.ids, strict=True)))
        places = map(np.concatenate, zip(known[1:], learnt[1:], strict=True))
        first = len(self._numbers)
        self._table = Pieces(ids, *places)
        self._numbers.update(zip(new, range(first, first + len(new)), strict=True))
        self._characters += sum(map(len, new))

    def _encoded(self, parts: Sequence[str]) -> Pieces:
        if self._places:
            return Pieces.of(self._tokenizer.encode_batch(parts, add_special_tokens=False))
        encodings = self._tokenizer.encode_batch_fast(parts, add_special_tokens=False)
        ids = Ragged.of([encoding.ids for encoding in encodings])
        return Pieces(ids, np.zeros_like(ids.flat), np.zeros_like(ids.flat))


class _Parts(NamedTuple):
    """What stands between the spaces of texts.

    Attributes:
        different: each part once.
        numbers: which of these the parts of all texts are, one after another, int64 [parts].
        counts: how many parts each text has, int64 [texts].
    """

    different: pa.Array
    numbers: np.ndarray
    counts: np.ndarray


def _parts(texts: Sequence[str]) -> _Parts:
    split = pc.split_pattern(pa.array(texts, pa.large_string()), " ")
    parts = split.flatten().dictionary_encode()
    counts = pc.list_value_length(split).to_numpy()
    return _Parts(parts.dictionary, parts.indices.to_numpy(), counts)


def _sums(numbers: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Of the first count of the numbers, of the next, and so on: int64 [counts]."""
    return np.diff(np.append(0, np.cumsum(numbers))[np.append(0, np.cumsum(counts))])


def word_tokens(tokenizer: Tokenizer, places: bool = False) -> WordTokens | None:
    """The table of a tokenizer that neither cuts nor pads, shared by all with the same rules; None
    where a text's tokens are not those of its parts."""
    return _of_rules(tokenizer.to_str(), places)


@lru_cache(maxsize=8)
def _of_rules(rules: str, places: bool) -> WordTokens | None:
    if not cuts_at_spaces(json.loads(rules)):
        return None
    return WordTokens(Tokenizer.from_str(rules), places)


def cuts_at_spaces(rules: dict[str, Any]) -> bool:
    """Whether a tokenizer with these rules treats what stands between two spaces by itself."""
    added = any(" " in token["content"] for token in rules["added_tokens"])
    first, normalizers = _steps(rules, "pre_tokenizer"), _steps(rules, "normalizer")
    draws = rules["model"].get("dropout")
    return (
        not added
        and not draws
        and bool(first)
        and first[0] in CUT_AT_SPACES
        and SEE_NO_SPACE.issuperset(normalizers)
    )


def _steps(rules: dict[str, Any], kind: str) -> list[str]:
    """The names of the steps of a kind, in order."""
    step = rules[kind]
    if step is None:
        return []
    if step["type"] != "Sequence":
        return [step["type"]]
    return [one["type"] for one in step[f"{kind}s".replace("pre_tokenizers", "pretokenizers")]]
