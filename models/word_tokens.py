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
from tokenizers import Tokenizer

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

    def cut(self, longest: int) -> Self:
        """Of each row at most so many numbers, the first ones."""
        lengths = np.minimum(self.lengths, longest)
        return type(self)(self.flat[ranges(self.starts, lengths)], lengths)

    def between(self, first: Sequence[int], last: Sequence[int]) -> Self:
        """Each row with the same numbers before and behind it."""
        lengths = self.lengths + len(first) + len(last)
        found = type(self)(np.empty(int(lengths.sum()), np.int64), lengths)
        begin = found.starts
        found.flat[ranges(begin + len(first), self.lengths)] = self.flat
        for place, number in enumerate(first):
            found.flat[begin + place] = number
        for place, number in enumerate(reversed(last), 1):
            found.flat[begin + lengths - place] = number
        return found


def ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """arange(start, start + count) for each pair, end to end."""
    skipped = np.cumsum(counts) - counts
    return np.arange(counts.sum()) + np.repeat(starts - skipped, counts)


class WordTokens:
    """The tokens of whole texts, without special ones.

    Args:
        tokenizer: that neither cuts nor pads, and of which `cuts_at_spaces` is true.
    """

    def __init__(self, tokenizer: Tokenizer):
        self._tokenizer = tokenizer
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._numbers: dict[str, int] = {}
        self._table = Ragged.of([])
        self._characters = 0

    def read(self, texts: Sequence[str]) -> Ragged:
        split = pc.split_pattern(pa.array(texts, pa.large_string()), " ")
        counts = pc.list_value_length(split).to_numpy()
        parts = split.flatten().dictionary_encode()
        different = parts.dictionary.to_pylist()
        with self._lock:
            if self._characters > TABLE_CHARACTERS:
                self._clear()
            self._learn([part for part in different if part not in self._numbers])
            found = map(self._numbers.__getitem__, different)
            numbers = np.fromiter(found, np.int64, len(different))[parts.indices.to_numpy()]
            table = self._table
        lengths = table.lengths[numbers]
        flat = table.flat[ranges(table.starts[numbers], lengths)]
        ends = np.append(0, np.cumsum(lengths))[np.append(0, np.cumsum(counts))]
        return Ragged(flat, np.diff(ends))

    def _learn(self, new: Sequence[str]) -> None:
        if not new:
            return
        encodings = self._tokenizer.encode_batch_fast(new, add_special_tokens=False)
        found = Ragged.of([encoding.ids for encoding in encodings])
        first = len(self._numbers)
        self._table = Ragged(*map(np.concatenate, zip(self._table, found, strict=True)))
        self._numbers.update(zip(new, range(first, first + len(new)), strict=True))
        self._characters += sum(map(len, new))


def word_tokens(tokenizer: Tokenizer) -> WordTokens | None:
    """The table of a tokenizer that neither cuts nor pads, shared by all with the same rules; None
    where a text's tokens are not those of its parts."""
    return _of_rules(tokenizer.to_str())


@lru_cache(maxsize=8)
def _of_rules(rules: str) -> WordTokens | None:
    return WordTokens(Tokenizer.from_str(rules)) if cuts_at_spaces(json.loads(rules)) else None


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
