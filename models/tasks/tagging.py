"""How models read texts, answer and learn where every word has a tag."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from mashbill.models.tasks.pieces import first_pieces, on_tokens
from mashbill.models.tasks.ragged import apart, lengths_of, offsets_of, ragged, together
from mashbill.models.tasks.reading import Reading, flat_numbers
from mashbill.models.tasks.softness import PLAIN, Softness
from mashbill.models.tasks.words import word_bounds, words_of

if TYPE_CHECKING:
    from tokenizers import Encoding
    from torch import Tensor


NO_TAG = -100  # where a token is not the first of a word, as transformers has it


class Tagging(Reading):
    """A row of numbers for every word: of n texts, scores are a ragged array [n] of float32
    [words, k].

    As tensors, scores and gold labels lie at the first tokens of their words: [n, tokens, k], NaN
    elsewhere, and [n, tokens], `NO_TAG` elsewhere. There may be more tokens than in a batch.
    """

    confidence_of: Literal["least", "mean"] = Field(
        "least", description="the confidence of an answer: that of its least sure word, or the mean"
    )

    architecture: ClassVar[str] = "ForTokenClassification"
    model_name: ClassVar[str] = "token classifier"
    one_answer: ClassVar[bool] = False
    needs_offsets: ClassVar[bool] = True
    added: ClassVar[Mapping[str, str]] = {
        "tokens": "the words of the text",
        "token_starts": "where each of them begins, in characters",
        "ner_tags": "their gold tags by IOB2; null without a gold label",
    }

    @property
    def auto_class(self) -> Any:
        from transformers import AutoModelForTokenClassification

        return AutoModelForTokenClassification

    def scores_feature(self) -> Any:
        from datasets import List, Value

        return List(List(Value("float32")))

    @property
    def read_scores_type(self) -> pa.DataType:
        return pa.list_(pa.list_(pa.float32()))

    def answer_feature(self) -> Any:
        from datasets import ClassLabel, List

        return List(ClassLabel(names=list(self.labels)))

    def added_features(self) -> dict[str, Any]:
        from datasets import List, Value

        return {
            "tokens": List(Value("string")),
            "token_starts": List(Value("int32")),
            "ner_tags": self.answer_feature(),
        }

    def added_columns(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        texts = rows.column("text").to_pylist()
        starts = [[start for start, _ in word_bounds(text)] for text in texts]
        return {
            "tokens": pa.array(map(words_of, texts), pa.list_(pa.string())),
            "token_starts": pa.array(starts, pa.list_(pa.int32())),
            "ner_tags": self.column(self.gold_of(rows)),
        }

    def scores(self, column: pa.Array | pa.ChunkedArray) -> np.ndarray:
        chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
        parts = [ragged([])]
        for chunk in chunks:
            flat = flat_numbers(chunk).astype(np.float32).reshape(-1, len(self.labels))
            parts.append(apart(flat, np.diff(offsets_of(chunk))))
        return np.concatenate(parts)

    def scores_column(self, rows: Sequence[np.ndarray]) -> pa.Array:
        counts = np.array([len(row) for row in rows])
        flat = np.concatenate(list(rows)).astype(np.float32, copy=False)
        inner = np.arange(len(flat) + 1) * len(self.labels)
        words = pa.ListArray.from_arrays(pa.array(inner, pa.int32()), pa.array(flat.ravel()))
        outer = np.concatenate([[0], np.cumsum(counts)])
        return pa.ListArray.from_arrays(pa.array(outer, pa.int32()), words)

    def scores_fault(self, rows: pa.RecordBatch) -> tuple[int, str] | None:
        column, tags = rows.column("teacher_logits"), len(self.labels)
        texts = rows.column("text").to_pylist()
        for row, (scores, text) in enumerate(zip(column, texts, strict=True)):
            words, inner = len(word_bounds(text)), scores.values
            if len(inner) != words:
                return row, f"expected teacher_logits of {words} words, found {len(inner)}"
            if inner.null_count or (inner.value_lengths().to_numpy() != tags).any():
                return row, f"expected {tags} numbers for each word in teacher_logits"
            if not np.isfinite(flat_numbers(inner)).all():
                return row, "teacher_logits are not finite"
        return None

    def on_tokens(
        self, texts: Sequence[str], encodings: "Sequence[Encoding]", values: np.ndarray
    ) -> "Tensor":
        import torch

        places = [first_pieces(*pair) for pair in zip(texts, encodings, strict=True)]
        of_words = any(row is not None and row.ndim == 2 for row in values)
        blank = np.full(len(self.labels), np.nan, np.float32) if of_words else np.array(NO_TAG)
        return torch.from_numpy(on_tokens(values, places, [len(e) for e in encodings], blank))

    def label_rows(
        self, texts: Sequence[str], encodings: "Sequence[Encoding]", gold: np.ndarray
    ) -> list[list[int]]:
        laid = self.on_tokens(texts, encodings, gold).tolist()
        return [row[: len(encoding)] for row, encoding in zip(laid, encodings, strict=True)]

    def collator(self, tokenizer: Any) -> Any:
        from transformers import DataCollatorForTokenClassification

        return DataCollatorForTokenClassification(tokenizer)

    def logits_shape(self, input_ids: "Tensor") -> tuple[int, ...]:
        return (*input_ids.shape, len(self.labels))

    def answers_as_gold(self, logits: "Tensor") -> "Tensor":
        return logits.argmax(-1)

    def of_tokens(
        self, mask: "np.ndarray | Tensor", *values: "np.ndarray | Tensor"
    ) -> tuple[np.ndarray, ...]:
        mask = np.asarray(mask)
        there = mask != NO_TAG if mask.ndim == 2 else ~np.isnan(mask[..., 0])
        return tuple(_of_words(np.asarray(value), there) for value in values)

    def carried(self, of_source: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Word by word, where a variant has as many words as its source."""
        return of_source, lengths_of(of_source) == lengths_of(own)

    def fits(self, texts: Sequence[str], scores: np.ndarray) -> np.ndarray:
        """Word by word, as `carried`."""
        return lengths_of(scores) == _words_in(texts)

    def blank_scores(self, texts: Sequence[str]) -> np.ndarray:
        shapes = ((words, len(self.labels)) for words in _words_in(texts))
        return ragged(np.zeros(shape, np.float32) for shape in shapes)

    # Training. A row's loss is the sum over its words, on a scale on which the mean over a batch is
    # that over its words: rows of ten words count more than those of two.

    def gold_rows(self, logits: "Tensor", gold: "Tensor") -> "Tensor":
        from torch.nn.functional import cross_entropy

        gold = gold[:, : logits.shape[1]].long()
        words = cross_entropy(logits.transpose(1, 2), gold, ignore_index=NO_TAG, reduction="none")
        return _by_words(words, gold != NO_TAG)

    def soft_rows(self, teacher: "Tensor", student: "Tensor", how: Softness = PLAIN) -> "Tensor":
        from mashbill.models.distill.losses import soft_loss

        teacher, there = _filled(teacher[:, : student.shape[1]])
        words = soft_loss(teacher, student, **how._asdict())
        return _by_words(words, there)

    def confidence_rows(self, logits: "Tensor") -> "Tensor":
        logits, there = _filled(logits)
        sure = logits.softmax(-1).max(-1).values
        if self.confidence_of == "mean":
            return _mean(sure, there)
        return sure.masked_fill(~there, 1.0).min(-1).values

    def certainty_rows(self, logits: "Tensor") -> "Tensor":
        """Mean over words."""
        from mashbill.models.distill.losses import certainty

        logits, there = _filled(logits)
        return _mean(certainty(logits), there)

    def divergence_rows(self, teacher: "Tensor", student: "Tensor") -> "Tensor":
        """Mean over words."""
        from mashbill.models.distill.losses import divergence

        teacher, there = _filled(teacher[:, : student.shape[1]])
        return _mean(divergence(teacher, student), there)


def _words_in(texts: Sequence[str]) -> np.ndarray:
    """int64 [texts]."""
    return np.array([len(word_bounds(text)) for text in texts], np.int64)


def _of_words(laid: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Ragged, of each row what lies where there is a word; None for gold labels of none."""
    width = min(laid.shape[1], there.shape[1])
    there, laid = there[:, :width], laid[:, :width]
    rows = (row[mask] for row, mask in zip(laid, there, strict=True))
    if laid.ndim == 3:
        return ragged(row.astype(np.float32) for row in rows)
    return ragged(None if (row == NO_TAG).any() or not len(row) else row.astype(np.int16)
                  for row in rows)  # fmt: skip


def all_words(rows: np.ndarray, tags: int) -> np.ndarray:
    """The scores of all words of all rows, float32 [words, tags]."""
    return together(rows, np.empty((0, tags), np.float32))


def _filled(logits: "Tensor") -> tuple["Tensor", "Tensor"]:
    """Logits without NaN, and where there were none: bool [n, tokens]."""
    there = ~logits.isnan().any(-1)
    return logits.nan_to_num(), there


def _by_words(values: "Tensor", there: "Tensor") -> "Tensor":
    """Sums over the words of each row, in units of the mean number of words, [n]."""
    sums = values.masked_fill(~there, 0).sum(-1)
    return sums * len(sums) / there.sum().clamp_min(1)


def _mean(values: "Tensor", there: "Tensor") -> "Tensor":
    return values.masked_fill(~there, 0).sum(-1) / there.sum(-1).clamp_min(1)
