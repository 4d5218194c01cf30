"""A token classifier for inference: the teacher of a task in which every word has a tag."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from transformers import AutoModelForTokenClassification

from mashbill.models.batching import TokenRows, for_each_batch, to_device
from mashbill.models.checks import config_labels
from mashbill.models.device import Precision
from mashbill.models.elsewhere import on_device
from mashbill.models.engine import TEXTS_PER_PIECE, Engine
from mashbill.models.errors import RowError
from mashbill.models.tasks.ragged import apart
from mashbill.models.tasks.words import word_bounds
from mashbill.models.tokenizing import Window
from mashbill.models.windows import Windows
from mashbill.models.word_tokens import Ragged

OVERLAP = 0.25  # share of a window that the next one begins with, where a recipe sets none


class Tagger(Engine):
    """Scores of every word, by the state of its first token.

    A text longer than the model is read in windows that overlap; each word is answered in the one
    in which it stands nearest to the middle. All of a text is read, however long it is.

    Attributes:
        labels: names of the tags, as the model's configuration has them.
    """

    auto_class = AutoModelForTokenClassification

    def __init__(
        self,
        model: str,
        max_length: int,
        precision: Precision,
        device: str,
        windows: Windows | None = None,
    ):
        super().__init__(model, max_length, precision, device)
        self.labels = config_labels({"id2label": self.model.config.id2label})
        self._overlap = OVERLAP if windows is None else windows.overlap
        self.keep_output_layer_exact(len(self.labels))

    def windows(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None
    ) -> list[Window | None]:
        """None for every text: all of it is read."""
        return [None] * len(texts)

    def logits(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> np.ndarray:
        """Raw scores, a ragged array [len(texts)] of float32 [words, tags].

        Raises RowError, which names the rows, if any score is NaN or infinite.
        """
        if pairs is not None:
            raise ValueError("words of a pair of texts have no tags")
        places = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        unique = list(places)
        pieces = [unique[i : i + TEXTS_PER_PIECE] for i in range(0, len(unique), TEXTS_PER_PIECE)]
        flat = [np.empty((0, len(self.labels)), np.float32)]
        flat += [self._word_scores(words) for words in self._ahead(self._words, pieces)]
        rows = apart(np.concatenate(flat), [len(word_bounds(text)) for text in unique])
        spread = rows[[places[text] for text in texts]]
        bad = [row for row, scores in enumerate(spread) if not np.isfinite(scores).all()]
        if bad:
            raise RowError(f"the tagger's scores are not finite in row {bad[0]}", bad)
        return spread

    def _words(self, texts: Sequence[str]) -> "_Words":
        pieces = self.tokenizer.whole(texts)
        of_text = np.cumsum(pieces.ids.lengths)[:-1]
        ids: list[list[int]] = []
        windows, columns = [], []
        for text, own, ends in zip(
            texts, pieces.ids.lists(), np.split(pieces.ends, of_text), strict=True
        ):
            cut, window, column = self._cut(text, own, ends)
            windows.append(len(ids) + window)
            columns.append(column)
            ids += cut
        empty = [np.empty(0, np.int64)]
        return _Words(ids, np.concatenate(empty + windows), np.concatenate(empty + columns))

    def _cut(
        self, text: str, ids: list[int], ends: np.ndarray
    ) -> tuple[list[list[int]], np.ndarray, np.ndarray]:
        """The windows of a text and, of each word, its window and the place of its token there.

        Args:
            ids: without special tokens.
            ends: of the tokens in the text, int64 [tokens].
        """
        before, after, room = self.tokenizer.leading, self.tokenizer.trailing, self.tokenizer.room
        starts = np.array([start for start, _ in word_bounds(text)], np.int64)
        # what the tokenizer drops at the end of a text, if anything, has the last token's state
        place = np.searchsorted(ends, starts, side="right").clip(max=max(0, len(ids) - 1))
        if len(ids) <= room:
            return [before + ids + after], np.zeros(len(place), np.int64), len(before) + place
        step = max(1, room - int(self._overlap * room))
        number = 1 + -(-(len(ids) - room) // step)
        cut = [before + ids[i : i + room] + after for i in range(0, number * step, step)]
        window = np.rint((place - room / 2) / step).astype(np.int64).clip(0, number - 1)
        return cut, window, len(before) + place - window * step

    @on_device
    def _word_scores(self, words: "_Words") -> np.ndarray:
        """float32 [words, tags]."""
        order = np.argsort(words.window, kind="stable")
        counts = np.bincount(words.window, minlength=len(words.ids))
        starts = np.cumsum(counts) - counts
        out = torch.empty((len(order), len(self.labels)), device=self.device)

        def step(rows: np.ndarray, longest: int) -> None:
            of_row = np.repeat(np.arange(len(rows)), counts[rows])
            first = np.cumsum(counts[rows]) - counts[rows]
            mine = order[np.arange(len(of_row)) - first[of_row] + starts[rows][of_row]]
            filled = self.budget.filled
            batch = self._batch(tokens, None, to_device(filled(rows), self.device), longest)
            places = (to_device(filled(part), self.device) for part in (of_row, words.column[mine]))
            out[to_device(filled(mine), self.device)] = self._at(batch, tuple(places)).float()

        with self._timed():
            tokens = TokenRows(Ragged.of(words.ids), self.pad_id, self.device)
            for_each_batch(tokens.lengths, self.budget, step)
            return out.cpu().numpy()

    def _at(
        self, batch: dict[str, torch.Tensor], places: tuple[torch.Tensor, torch.Tensor]
    ) -> torch.Tensor:
        """Scores at some places (rows, columns) of a batch, [places, tags]."""
        if self.fast is None:
            return self.model(**batch, return_dict=True).logits[places]
        self.fast.places = places
        return self.model(**batch, return_dict=True).logits[0]


class _Words(NamedTuple):
    """Rows for the model, and where each word is answered: int64 [words], row and column."""

    ids: list[list[int]]
    window: np.ndarray
    column: np.ndarray
