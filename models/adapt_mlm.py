"""Continues masked-LM training on text of the task's domain.

Gururangan et al. 2020, "Don't Stop Pretraining", section 3; whole words are masked.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForMaskedLM, PreTrainedModel, PreTrainedTokenizerFast, Trainer

from models.batching import TokenBudget, TokenRows, for_each_batch, to_device
from models.device import pick_device
from models.errors import ModelError
from models.loading import length_limit, load_model, load_tokenizer
from models.masked_places import MaskedPlaces
from models.tokenizing import TextTokenizer
from models.training import Report, own_random_state, run_trainer, training_arguments
from models.word_masking import IGNORED, WordMasking, WordRow

EVALUATION_RATE = 0.15
TOKENS_PER_BATCH = 2048


def adapt_mlm(
    train: Sequence[str],
    *,
    base: str,
    folder: Path,
    epochs: int,
    learning_rate: float,
    batch_size: int,
    mask: float,
    max_length: int,
    seed: int,
    report: Report = lambda line: None,
) -> None:
    """Trains the masked LM `base` on texts and saves it into `folder`.

    Raises ModelError if `base` cannot serve or there is no text.
    """
    with own_random_state(seed):
        model = load_model(base, AutoModelForMaskedLM).requires_grad_(True)
        tokenizer = load_tokenizer(base)
        rows = _rows(train, tokenizer, length_limit(model.config, tokenizer, max_length))
        if not rows:
            raise ModelError("the train split has no text of two words or more")
        masking = WordMasking(
            tokenizer.mask_token_id, tokenizer.pad_token_id, len(tokenizer), mask, seed
        )
        with tempfile.TemporaryDirectory(dir=folder.parent) as checkpoints:
            trainer = _MaskedTrainer(
                model=model,
                args=training_arguments(
                    Path(checkpoints),
                    num_train_epochs=epochs,
                    learning_rate=learning_rate,
                    warmup_steps=epochs * -(-len(rows) // batch_size) // 10,
                    per_device_train_batch_size=batch_size,
                    save_strategy="no",
                    remove_unused_columns=False,
                    seed=seed % 2**32,
                ),
                # the sampler that groups rows by length looks at input_ids
                train_dataset=[{"row": row, "input_ids": row.ids} for row in rows],
                data_collator=masking,
            )
            run_trainer(trainer, report)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


class _MaskedTrainer(Trainer):
    """Computes vocabulary scores at masked places only."""

    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        if not hasattr(self, "_places"):
            self._places = MaskedPlaces(self.model)
        labels = inputs.pop("labels")
        places = (labels != IGNORED).nonzero(as_tuple=True)
        scores = self._places.logits(places, **inputs).float()
        # the mean over nothing would be NaN: a batch may have no masked word
        loss = torch.nn.functional.cross_entropy(scores, labels[places], reduction="sum")
        return loss / max(1, len(places[0]))


def evaluate_mlm(
    model: str, texts: Sequence[str], train: Sequence[str], *, max_length: int, seed: int
) -> dict[str, Any]:
    """How often the hidden token is the model's first, or among its first five, on held-out text.

    The masks, 15 % of the words, are the same for every model that shares the tokenizer.
    `unigram_top1` and `unigram_top5` are what always guessing the commonest tokens of the train
    texts would give. Shares are None where nothing could be masked.
    """
    tokenizer = load_tokenizer(model)
    lm = load_model(model, AutoModelForMaskedLM).to(pick_device())
    limit = length_limit(lm.config, tokenizer, max_length)
    masking = WordMasking(tokenizer.mask_token_id, tokenizer.pad_token_id, 0, EVALUATION_RATE, seed)
    masked = [masking.mask(row) for row in _rows(texts, tokenizer, limit)]
    masked = [(ids, labels) for ids, labels in masked if (labels != IGNORED).any()]
    if not masked:
        return {"masked_tokens": 0, **dict.fromkeys(SHARES)}
    ranks = _ranks(lm, masked, tokenizer.pad_token_id)
    gold = np.concatenate([labels[labels != IGNORED] for _, labels in masked])
    common = _common_tokens(train, tokenizer, limit)
    hits = (ranks < 1, ranks < 5, np.isin(gold, common[:1]), np.isin(gold, common))
    shares = {name: float(hit.mean()) for name, hit in zip(SHARES, hits, strict=True)}
    return {"masked_tokens": len(gold), **shares}


SHARES = ("top1", "top5", "unigram_top1", "unigram_top5")


def _ranks(
    lm: PreTrainedModel, masked: Sequence[tuple[np.ndarray, np.ndarray]], pad: int
) -> np.ndarray:
    """How many tokens score higher than the hidden one, for all hidden tokens in any order."""
    places = MaskedPlaces(lm)
    tokens = TokenRows([ids for ids, _ in masked], pad, lm.device)
    labels = TokenRows([labels for _, labels in masked], IGNORED, lm.device)
    found = []

    def step(rows: np.ndarray, width: int) -> None:
        where = to_device(rows, lm.device)
        ids, mask = tokens.gather(where, width)
        gold, _ = labels.gather(where, width)
        hidden = (gold != IGNORED).nonzero(as_tuple=True)
        scores = places.logits(hidden, input_ids=ids, attention_mask=mask)
        of_gold = scores.gather(1, gold[hidden].unsqueeze(1))
        found.append((scores > of_gold).sum(dim=1).cpu().numpy())

    with torch.inference_mode():
        for_each_batch(tokens.lengths, TokenBudget(TOKENS_PER_BATCH), step)
    return np.concatenate(found)


def _rows(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerFast, max_length: int
) -> list[WordRow]:
    """Tokens and words of each text; texts of fewer than two words teach nothing."""
    encoder = TextTokenizer(tokenizer.backend_tokenizer, max_length)
    rows = map(WordRow.of, encoder.encode(texts, offsets=True))
    return [row for row in rows if row.words.max(initial=-1) >= 1]


def _common_tokens(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerFast, max_length: int
) -> list[int]:
    """The five commonest tokens, special ones apart."""
    counts: Counter[int] = Counter()
    for encoding in TextTokenizer(tokenizer.backend_tokenizer, max_length).encode(texts):
        counts.update(encoding.ids)
    for token in tokenizer.all_special_ids:
        del counts[token]
    return [token for token, _ in counts.most_common(5)]
