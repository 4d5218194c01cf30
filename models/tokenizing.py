"""Texts to token ids in Rust, each once, with bounded work for texts of any length."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from tokenizers import Encoding, Tokenizer

from mashbill.models.windows import Windows
from mashbill.models.word_tokens import Pieces, Ragged, WordTokens, word_tokens

# Four letters a token is usual in English; a text whose first part holds too few tokens
# (spaces, words out of the vocabulary) gets a longer part.
CHARACTERS_PER_TOKEN = 8
LEAST_CHARACTERS = 1024
GROWTH = 8
WORD = "a"

Read = TypeVar("Read", Ragged, Pieces)


class Window(NamedTuple):
    """What a model reads of a text (pair).

    Attributes:
        ids: the tokens of its first window.
        goes_on: whether the text does, beyond that one.
        cut: whether it goes on beyond all windows that are read.
    """

    ids: list[int]
    goes_on: bool
    cut: bool


class TextTokenizer:
    """A tokenizer that truncates to `max_length` tokens, special tokens included.

    It is a copy: truncation and padding are state of a Rust tokenizer, and others may share it.

    Args:
        windows: how single texts are read that are longer; by default, their beginning alone.

    Attributes:
        leading, trailing: the special tokens before and behind a text.
        room: how many others may stand between them.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int, windows: Windows | None = None):
        self._whole = Tokenizer.from_str(tokenizer.to_str())
        self._whole.no_padding()
        self._whole.no_truncation()
        self._cut = Tokenizer.from_str(self._whole.to_str())
        self._cut.enable_truncation(max_length)
        self._words = word_tokens(self._whole)
        alone = self._whole.encode(WORD)
        self.leading = alone.ids[: alone.special_tokens_mask.index(0)]
        self.trailing = alone.ids[len(alone.ids) - alone.special_tokens_mask[::-1].index(0) :]
        self.room = max_length - len(self.leading) - len(self.trailing)
        self.max_length = max_length
        self.slides = windows is not None
        room = max_length - self._whole.num_special_tokens_to_add(False)
        shared = int(windows.overlap * room) if windows else 0
        self._windows, self._most = windows, windows.most if windows else 1
        self._sliding = Tokenizer.from_str(self._whole.to_str())
        self._sliding.enable_truncation(max_length, stride=shared)
        self._readable = room + (self._most - 1) * (room - shared)  # tokens of a text, at most

    def __reduce__(self):
        return type(self), (self._whole, self.max_length, self._windows)

    def encode(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None, offsets: bool = False
    ) -> list[Encoding]:
        """Encodings of at most `max_length` tokens; `offsets` asks for character offsets too.

        They are those of the whole texts, but for one thing: a pair with a text of many thousand
        characters may give the odd token of its budget to the other text, since truncation gives
        it to the longer one and the whole length is not counted.
        """
        encode = self._cut.encode_batch if offsets else self._cut.encode_batch_fast
        if pairs is None:
            return self._encode_prefixes(texts, encode)
        shorter = ([self._shorten(part, self.max_length) for part in one] for one in (texts, pairs))
        return encode(list(zip(*shorter, strict=True)))

    def rows(self, texts: Sequence[str]) -> Ragged:
        """The token ids that `encode` gives."""
        if self._words is None:
            return Ragged.of([encoding.ids for encoding in self.encode(texts)])
        return self.framed(self._read(texts, self._words.read, lambda words: words.lengths))

    def pieces(self, texts: Sequence[str]) -> Pieces:
        """The same without special tokens, and where each stands."""
        if self._placed is None:
            encodings = self.encode(texts, offsets=True)
            return Pieces.of(encodings, len(self.leading), len(self.trailing))
        pieces = self._read(texts, self._placed.pieces, lambda pieces: pieces.ids.lengths)
        return pieces.cut(self.room)

    def whole(self, texts: Sequence[str]) -> Pieces:
        """The tokens of all of the texts, however long, without special ones, and where each
        stands."""
        if self._placed is None:
            return Pieces.of(self._whole.encode_batch(texts, add_special_tokens=False))
        return self._placed.pieces(texts)

    @cached_property
    def _placed(self) -> WordTokens | None:
        return word_tokens(self._whole, places=True)

    def framed(self, tokens: Ragged) -> Ragged:
        """Cut to the room, and between the special tokens."""
        return tokens.cut(self.room).between(self.leading, self.trailing)

    def _read(
        self,
        texts: Sequence[str],
        read: Callable[[Sequence[str]], Read],
        lengths: Callable[[Read], np.ndarray],
    ) -> Read:
        """What is read of a part of each text that has one token more than there is room for, or
        of all of the text."""
        limit = _characters(self.max_length)
        parts = [_prefix(text, limit) for text in texts]
        rows = read(parts)
        while short := [
            i
            for i, number in enumerate(lengths(rows).tolist())
            if number <= self.room and len(texts[i]) > len(parts[i])
        ]:
            limit *= GROWTH
            for i in short:
                parts[i] = _prefix(texts[i], limit)
            rows = read(parts)
        return rows

    def encode_windows(self, texts: Sequence[str]) -> list[list[Encoding]]:
        """Each text as one window of `max_length` tokens or, where it is longer, as several, of
        which neighbours share the tokens of the overlap."""
        return [windows[: self._most] for windows in self._all_windows(texts)]

    def _all_windows(self, texts: Sequence[str]) -> list[list[Encoding]]:
        """One window more than is read where a text goes on."""
        shorter = [self._shorten(text, self._readable + 1) for text in texts]
        encodings = self._sliding.encode_batch_fast(shorter)
        return [[one, *one.overflowing[: self._most]] for one in encodings]

    def windows(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None
    ) -> list[Window | None]:
        """What of each text (pair) is within `max_length` tokens; None where all of it must be,
        since it has fewer bytes than that."""
        whole = [(text,) for text in texts] if pairs is None else [*zip(texts, pairs, strict=True)]
        chosen: list[Window | None] = [None] * len(whole)
        long = [i for i, parts in enumerate(whole) if self._may_fill(parts)]
        if pairs is None and self._words is not None:
            some = [texts[i] for i in long]
            lengths = self._read(some, self._words.read, lambda parts: parts.lengths).lengths
            long = [i for i, number in zip(long, lengths, strict=True) if number >= self.room]
        if pairs is None:
            for i, read in zip(long, self._all_windows([texts[i] for i in long]), strict=True):
                chosen[i] = Window(read[0].ids, len(read) > 1, len(read) > self._most)
            return chosen
        shorter = [tuple(self._shorten(part, self.max_length) for part in whole[i]) for i in long]
        for i, encoding in zip(long, self._cut.encode_batch_fast(shorter), strict=True):
            goes_on = bool(encoding.overflowing)
            chosen[i] = Window(encoding.ids, goes_on, cut=goes_on)
        return chosen

    def _may_fill(self, parts: Sequence[str]) -> bool:
        """A token stands for a byte at least, but for those that are put before or between."""
        added = self._whole.num_special_tokens_to_add(len(parts) > 1) + len(parts)
        return sum(len(part.encode("utf-8", "replace")) for part in parts) + added > self.max_length

    def _encode_prefixes(self, texts: Sequence[str], encode) -> list[Encoding]:
        limit = _characters(self.max_length)
        encodings = encode([_prefix(text, limit) for text in texts])
        while short := [
            i
            for i, text in enumerate(texts)
            if len(text) > limit and len(encodings[i]) < self.max_length
        ]:
            longer = encode([_prefix(texts[i], limit * GROWTH) for i in short])
            for i, encoding in zip(short, longer, strict=True):
                encodings[i] = encoding
            limit *= GROWTH
        return encodings

    def _shorten(self, text: str, tokens: int) -> str:
        """A text cut to a part that alone holds so many tokens or more."""
        limit = _characters(tokens)
        while len(text) > limit:
            part = _prefix(text, limit)
            encodings = self._whole.encode_batch_fast([part], add_special_tokens=False)
            if len(encodings[0]) >= tokens:
                return part
            limit *= GROWTH
        return text


def _characters(tokens: int) -> int:
    """Of a text, that most often hold so many tokens."""
    return max(LEAST_CHARACTERS, tokens * CHARACTERS_PER_TOKEN)


def _prefix(text: str, limit: int) -> str:
    """The first `limit` characters at most, cut where a word ends if there is such a place.

    Tokenizers split at white space first, so the tokens of what stays are those of the whole text.
    Without a space in the second half (hundreds of characters), the text is of a script that
    is split at every letter, or a string that is one unknown word however long.
    """
    if len(text) <= limit:
        return text
    cut = max(text.rfind(space, limit // 2, limit + 1) for space in " \n")
    return text[: cut if cut > 0 else limit]
