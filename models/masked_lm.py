"""A masked language model that proposes whole words for masked places."""

import json
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import regex
import torch
from tokenizers.decoders import ByteLevel
from transformers import AutoModelForMaskedLM, PreTrainedTokenizerFast

from mashbill.models.batching import TokenRows, for_each_batch, to_device
from mashbill.models.condition import LabelCondition, condition_labels
from mashbill.models.device import Precision
from mashbill.models.elsewhere import on_device
from mashbill.models.engine import Engine
from mashbill.models.errors import ModelError, RowError
from mashbill.models.loading import common_tokenizer
from mashbill.models.masked_places import MaskedPlaces
from mashbill.models.ranges import ranges
from mashbill.models.tokenizing import TextTokenizer
from mashbill.models.word_tokens import Pieces, Ragged

FIRST_CJK = "\u2e80"  # from here on a letter can be a word
UNSPACED = regex.compile(r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+")
BYTES = "Ġ"  # a space, where tokens are bytes in the guise of letters

Choose = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], tuple[torch.Tensor, ...]]


class Choice(Protocol):
    """What is wanted of the candidates; can be pickled."""

    def on(self, device: torch.device) -> Choose:
        """The function that finds it, with what it needs on the model's device."""


def _everything(
    _: torch.Tensor, numbers: torch.Tensor, logits: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    return numbers, logits


class MaskedLM(Engine):
    """Scores of single-token whole words at masked positions, and nowhere else.

    Args:
        one_letter_words: letters of alphabets that are words by themselves, see `whole_words`.

    Attributes:
        words: the candidates' surface forms; an index into it is a candidate's number.
        mask_id: the token that stands for a hidden word.
        condition: the labels that the model can be told, None for one that knows of none.
    """

    auto_class = AutoModelForMaskedLM

    def __init__(
        self,
        model: str,
        max_length: int,
        precision: Precision,
        device: str,
        one_letter_words: frozenset[str] = frozenset(),
    ):
        super().__init__(model, max_length, precision, device)
        tokenizer = common_tokenizer(model)
        if tokenizer.mask_token_id is None:
            raise ModelError(f"the tokenizer of {model} has no mask token")
        self.mask_id: int = tokenizer.mask_token_id
        self.words, ids = whole_words(tokenizer, one_letter_words)
        self._keep_outputs(model, torch.tensor(ids, device=self.device))
        self._places = MaskedPlaces(self.model, self.fast)
        labels = condition_labels(model, self.model.config)
        self.condition = None if labels is None else LabelCondition(tokenizer, labels)
        if self.condition is not None:
            self.max_length -= self.condition.extra
            self.tokenizer = TextTokenizer(tokenizer.backend_tokenizer, self.max_length)

    def _keep_outputs(self, model: str, ids: torch.Tensor) -> None:
        """Drops the rows of the output layer that belong to no candidate."""
        old = self.model.get_output_embeddings()
        if not isinstance(old, torch.nn.Linear):
            raise ModelError(f"the output layer of {model} is not supported")
        new = torch.nn.Linear(
            old.in_features, len(ids), old.bias is not None, self.device, self.dtype
        )
        new.weight.data = old.weight.data[ids]
        if old.bias is not None:
            new.bias.data = old.bias.data[ids]
        self.model.set_output_embeddings(new.requires_grad_(False))

    def pieces(self, texts: Sequence[str]) -> Pieces:
        """Token ids and where they stand in a text, cut to the model's length."""
        return self.tokenizer.pieces(texts)

    @on_device
    def fill(
        self,
        rows: Ragged,
        columns: Ragged,
        top: int,
        labels: Sequence[int | None] | None = None,
        choice: Choice | None = None,
    ) -> tuple[np.ndarray, ...]:
        """What is made of the best candidates for every masked place, row by row.

        Args:
            rows: token ids, the mask token at the places to fill.
            columns: for each row, those places.
            top: how many candidates there are for each place, at most.
            labels: of each row; a model that was adapted to labels is told those that are there.
            choice: its function makes, of the numbers of some places, int64, of their candidates,
                int64 [places, candidates], best first, and their logits, float32, tensors of one
                row a place; all on the model's device.

        Returns:
            The rows that `choice` makes, in the order of the places; by default candidates and
            logits.

        Raises RowError, which names the rows, if a logit is NaN.
        """
        starts, counts = columns.starts, columns.lengths
        top = min(top, len(self.words))
        rows, kinds = self._told(rows, labels)
        choose = _everything if choice is None else choice.on(self.device)
        done: list[np.ndarray] = []
        parts_filled: list[tuple[torch.Tensor, ...]] = []

        def add(places: np.ndarray, numbers: torch.Tensor, logits: torch.Tensor) -> None:
            bad = logits[:, :1].isnan()  # of the best: it comes first if it is none
            target = to_device(places, self.device)
            parts_filled.append((*choose(target, numbers, logits), bad))
            done.append(places)

        with self._timed():
            tokens = TokenRows(rows, self.pad_id, self.device)
            types = None if kinds is None else TokenRows(kinds, 0, self.device)
            empty = torch.empty((0, top), device=self.device)
            add(np.empty(0, np.int64), empty.long(), empty)

            def step(batch: np.ndarray, width: int) -> None:
                places = ranges(starts[batch], counts[batch])
                if not len(places):
                    return
                row = np.repeat(np.arange(len(batch)), counts[batch])
                masked = tuple(
                    to_device(self.budget.filled(a), self.device)
                    for a in (row, columns.flat[places])
                )
                shown = to_device(self.budget.filled(batch), self.device)
                scores = self._places.logits(masked, **self._batch(tokens, types, shown, width))
                values, numbers = scores.topk(top, dim=-1)
                add(places, numbers[: len(places)], values[: len(places)].float())

            for_each_batch(tokens.lengths, self.budget, step)
            joined = [torch.cat(parts).cpu().numpy() for parts in zip(*parts_filled, strict=True)]
        order = np.argsort(np.concatenate(done))
        *result, bad = (column[order] for column in joined)
        _check_finite(bad[:, 0], counts)
        return tuple(result)

    def _told(
        self, rows: Ragged, labels: Sequence[int | None] | None
    ) -> tuple[Ragged, Ragged | None]:
        """The rows with their labels behind them, and their token types, None if they are all 0."""
        if labels is None or self.condition is None or not len(rows.lengths):
            return rows, None
        told = [
            (row, [0] * len(row)) if label is None else self.condition.told(row, label)
            for row, label in zip(rows.lists(), labels, strict=True)
        ]
        ids, types = (Ragged.of(column) for column in zip(*told, strict=True))
        return ids, types if self.uses_types else None


def whole_words(
    tokenizer: PreTrainedTokenizerFast, one_letter_words: frozenset[str] = frozenset()
) -> tuple[tuple[str, ...], list[int]]:
    """Tokens that may be whole words: surface forms, each once, and ids, in the order of ids.

    Left out are special tokens, pieces of words, numbers, punctuation and single letters other
    than `one_letter_words`; letters of scripts without word spaces, such as Chinese, are words.
    Where a token marks a word's beginning, pieces of such scripts are words without it, as they
    stand within a text.
    """
    prefix, marks_continuation = _word_mark(tokenizer)
    numbers_of: dict[str, int] = {}
    special = set(tokenizer.all_special_tokens)
    for token, i in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]):
        starts_word = token.startswith(prefix) != marks_continuation
        word = _surface(token, prefix)
        within = not marks_continuation and not starts_word and UNSPACED.fullmatch(word)
        stands = within or (starts_word and word not in numbers_of)
        if stands and token not in special and _is_word(word, one_letter_words):
            numbers_of[word] = i
    places = sorted(numbers_of.items(), key=lambda item: item[1])
    return tuple(word for word, _ in places), [i for _, i in places]


def _surface(token: str, prefix: str) -> str:
    """What a token stands for in a text."""
    if prefix == BYTES:
        return ByteLevel().decode([token]).removeprefix(" ")
    return token.removeprefix(prefix)


def _word_mark(tokenizer: PreTrainedTokenizerFast) -> tuple[str, bool]:
    """What marks a token as a continuation (WordPiece) or as a word's beginning (the others)."""
    rules = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    if rules["type"] == "WordPiece":
        return rules["continuing_subword_prefix"], True
    tokens = tokenizer.get_vocab()
    return max(f"{BYTES}▁", key=lambda mark: sum(token.startswith(mark) for token in tokens)), False


def _is_word(word: str, one_letter_words: frozenset[str]) -> bool:
    return word.isalpha() and (len(word) > 1 or word >= FIRST_CJK or word in one_letter_words)


def _check_finite(bad: np.ndarray, counts: np.ndarray) -> None:
    if bad.any():
        rows = np.unique(np.repeat(np.arange(len(counts)), counts)[bad]).tolist()
        raise RowError(f"the masked LM's logits are not numbers in row {rows[0]}", rows)
