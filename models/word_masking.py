"""Masks whole words for masked-LM training and its evaluation.

A masked word's tokens are all hidden together: of the words drawn, 80 % become mask tokens, 10 %
random tokens and 10 % stay (Devlin et al. 2019, "BERT", section 3.1).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import regex
import torch
from tokenizers import Encoding

from mashbill.models.condition import LabelCondition

IGNORED = -100  # the label of a token that need not be predicted


class WordRow(NamedTuple):
    """A text's token ids, for each the number of its word, -1 where none may be hidden, and types.

    `types` is None for a row of one segment.
    """

    ids: np.ndarray
    words: np.ndarray
    types: np.ndarray | None = None

    @classmethod
    def of(cls, encoding: Encoding, text: str, joined: Sequence[tuple[int, int]] = ()) -> "WordRow":
        """The row of a text, with the same words whatever the kind of tokenizer.

        Args:
            joined: stretches of the text that are one word each, as its language has it.
        """
        return cls(np.array(encoding.ids, np.int64), words_of(encoding, text, joined))

    @property
    def segments(self) -> np.ndarray:
        return np.zeros_like(self.ids) if self.types is None else self.types

    def told(self, condition: LabelCondition, label: int) -> "WordRow":
        """The row with its label behind it, which is never hidden."""
        ids, types = condition.told(self.ids.tolist(), label)
        words = np.full(len(ids), -1)
        own = len(self.words) - condition.trailing
        words[:own] = self.words[:own]
        return WordRow(np.array(ids, np.int64), words, np.array(types, np.int64))


_ALONE = r"\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}"  # each a word by itself
_WORD = regex.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+|[^\w\s]")


def words_of(encoding: Encoding, text: str, joined: Sequence[tuple[int, int]] = ()) -> np.ndarray:
    """The number of each token's word, -1 for special tokens, int64 [tokens].

    Tokenizers disagree on what a word is (one with Metaspace may take the whole text for one), so
    it is told from the text: letters and digits, or one mark. Words that share a token are one, and
    a space that is a token belongs to the word behind it. In a script without spaces each character
    is a word but for those that `joined` puts together.
    """
    of_letter = np.full(len(text) + 1, -1)
    for number, match in enumerate(_WORD.finditer(text)):
        of_letter[match.start() : match.end()] = number
    for start, end in joined:
        of_letter[start:end] = of_letter[start]
    letters = np.append(np.flatnonzero(of_letter >= 0), len(text))
    starts, ends = np.array(encoding.offsets, np.int64).reshape(-1, 2).T
    first = letters[np.searchsorted(letters, starts)]
    last = letters[np.maximum(np.searchsorted(letters, ends) - 1, 0)]
    ordinary = np.array(encoding.special_tokens_mask) == 0
    blank = ordinary & (first >= ends)
    written = np.flatnonzero(ordinary & ~blank)
    reached = np.maximum.accumulate(np.append(-1, of_letter[last[written]]))[:-1]
    numbers = np.cumsum(of_letter[first[written]] > reached) - 1
    words = np.full(len(starts), -1)
    words[written] = numbers
    behind = np.searchsorted(written, np.flatnonzero(blank))
    words[blank] = np.append(numbers, -1)[behind]
    return words


class WordMasking:
    """A collator: rows of tokens in, a padded batch with masks and labels out.

    Args:
        mask_id, pad_id: the tokenizer's special tokens.
        vocabulary: number of tokens to draw random ones from; 0 hides every word drawn.
        rate: share of the words to draw.
        seed: of the draws, which depend on the order of the batches.
    """

    def __init__(self, mask_id: int, pad_id: int, vocabulary: int, rate: float, seed: int):
        self.mask_id = mask_id
        self.pad_id = pad_id
        self.vocabulary = vocabulary
        self.rate = rate
        self._seed = seed
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Draws as it does in this epoch, whatever came before."""
        self._rng = np.random.default_rng((self._seed, epoch))

    def mask(self, row: WordRow) -> tuple[np.ndarray, np.ndarray]:
        """Token ids with words hidden, and labels: two int64 arrays of the row's length."""
        count = int(row.words.max(initial=-1)) + 1
        drawn = self._rng.random(count) < self.rate
        fate = self._rng.random(count) if self.vocabulary else np.zeros(count)
        ordinary = row.words >= 0
        hidden, how = np.zeros(len(row.ids), bool), np.zeros(len(row.ids))
        hidden[ordinary], how[ordinary] = drawn[row.words[ordinary]], fate[row.words[ordinary]]
        labels = np.where(hidden, row.ids, IGNORED)
        ids = np.where(hidden & (how < 0.8), self.mask_id, row.ids)
        random = hidden & (how >= 0.9)
        ids[random] = self._rng.integers(0, max(1, self.vocabulary), int(random.sum()))
        return ids, labels

    def __call__(self, rows: list[dict[str, WordRow]]) -> dict[str, torch.Tensor]:
        masked = [self.mask(row["row"]) for row in rows]
        width = max(len(ids) for ids, _ in masked)
        batch = {
            "input_ids": np.full((len(rows), width), self.pad_id, np.int64),
            "attention_mask": np.zeros((len(rows), width), np.int64),
            "labels": np.full((len(rows), width), IGNORED, np.int64),
        }
        for i, (ids, labels) in enumerate(masked):
            batch["input_ids"][i, : len(ids)] = ids
            batch["attention_mask"][i, : len(ids)] = 1
            batch["labels"][i, : len(ids)] = labels
        if any(row["row"].segments.any() for row in rows):
            batch["token_type_ids"] = np.zeros((len(rows), width), np.int64)
            for i, row in enumerate(rows):
                batch["token_type_ids"][i, : len(masked[i][0])] = row["row"].segments
        return {name: torch.from_numpy(array) for name, array in batch.items()}
