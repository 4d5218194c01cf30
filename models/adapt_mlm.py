"""Continues masked-LM training on text of the task's domain.

Gururangan et al. 2020, "Don't Stop Pretraining", section 3; whole words are masked. An encoder
without a masked-LM head gets a new one, whose output layer is the word embeddings.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import (
    AutoModelForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Trainer,
    TrainerCallback,
)

from mashbill.models.batching import TokenBudget, TokenRows, for_each_batch, to_device
from mashbill.models.checkpoints import checkpoint_state, last_checkpoint
from mashbill.models.checks import has_masked_lm_head
from mashbill.models.condition import CONFIG_KEY, LabelCondition, condition_labels
from mashbill.models.device import pick_device
from mashbill.models.errors import ModelError
from mashbill.models.loading import length_limit, load_model, load_tokenizer
from mashbill.models.masked_places import MaskedPlaces
from mashbill.models.model_folder import save_model
from mashbill.models.tokenizing import TextTokenizer
from mashbill.models.training import (
    RESUMABLE,
    Report,
    own_random_state,
    run_trainer,
    training_arguments,
)
from mashbill.models.word_masking import IGNORED, WordMasking, WordRow
from mashbill.models.word_tokens import Ragged

EVALUATION_RATE = 0.15
TOKENS_PER_BATCH = 2048
UNTOLD = 0.1  # share of the labelled texts that a conditional model sees without their label
HEAD = r"cls\.|lm_head|vocab_|predictions|generator_|head\.|decoder"  # what a base may lack


class Labelled(NamedTuple):
    """Texts, all columns of one length.

    Attributes:
        labels: the index of each one's label, or None.
        words: finds, in each of some texts, the stretches that are one word in a script without
            spaces; without it, each of its characters is one.
    """

    texts: Sequence[str]
    labels: Sequence[int | None]
    words: Callable[[Sequence[str]], Iterable[Sequence[tuple[int, int]]]] | None = None


def adapt_mlm(
    train: Labelled,
    *,
    base: str,
    folder: Path,
    checkpoints: Path,
    epochs: int,
    learning_rate: float,
    batch_size: int,
    mask: float,
    max_length: int,
    seed: int,
    condition: Sequence[str] | None = None,
    report: Report = lambda line: None,
) -> None:
    """Trains the masked LM `base` on texts and saves it into `folder`.

    Args:
        train: what to learn from.
        base: model folder; one without a masked-LM head gets a new one.
        folder: where the model goes.
        checkpoints: keeps the state after each epoch; a training that finds one resumes there.
        epochs: how often each text is seen.
        learning_rate: at its highest, after a tenth of the steps.
        batch_size: texts per step.
        mask: share of the words to hide.
        max_length: in tokens.
        seed: of the order, the masks and the new weights.
        condition: names of the labels, if the model is to be told those of the texts.
        report: takes the lines that say how far it is.

    Raises ModelError if `base` cannot serve or there is no text.
    """
    with own_random_state(seed):
        model, tokenizer = load_base(base), load_tokenizer(base)
        limit = length_limit(model.config, tokenizer, max_length)
        told = None if condition is None else LabelCondition(tokenizer, condition)
        rows = _training_rows(train, tokenizer, limit, told, seed)
        if not rows:
            raise ModelError("no text in the train split has two words or more")
        masking = WordMasking(
            tokenizer.mask_token_id, tokenizer.pad_token_id, len(tokenizer), mask, seed
        )
        trainer = _MaskedTrainer(
            model=model.requires_grad_(True),
            args=training_arguments(
                checkpoints,
                num_train_epochs=epochs,
                learning_rate=learning_rate,
                warmup_steps=epochs * -(-len(rows) // batch_size) // 10,
                per_device_train_batch_size=batch_size,
                remove_unused_columns=False,
                seed=seed % 2**32,
                **RESUMABLE,
            ),
            # the sampler that groups rows by length looks at input_ids
            train_dataset=[{"row": row, "input_ids": row.ids} for row in rows],
            data_collator=masking,
            callbacks=[_EpochOfMasks(masking)],
        )
        last = last_checkpoint(checkpoints)
        if last is not None:
            report(f"resumes after step {checkpoint_state(last)['global_step']}")
        run_trainer(trainer, report, last)
        if condition is not None:
            setattr(model.config, CONFIG_KEY, list(condition))
        save_model(model, tokenizer, folder)


def load_base(base: str) -> PreTrainedModel:
    """A masked LM; one that is an encoder so far gets a new head, its output layer tied.

    Raises ModelError if the folder claims to be a masked LM and lacks weights.
    """
    optional = None if has_masked_lm_head(base) else HEAD
    return load_model(base, AutoModelForMaskedLM, optional=optional)


def _training_rows(
    train: Labelled,
    tokenizer: PreTrainedTokenizerFast,
    limit: int,
    condition: LabelCondition | None,
    seed: int,
) -> list[WordRow]:
    rows = _rows(train, tokenizer, limit, condition)
    if condition is None:
        return [row for row, _ in rows]
    untold = np.random.default_rng(seed).random(len(rows)) < UNTOLD
    return [
        row if label is None or skip else row.told(condition, label)
        for (row, label), skip in zip(rows, untold, strict=True)
    ]


class _EpochOfMasks(TrainerCallback):
    """Makes an epoch's masks the same whether or not the training was broken off before it."""

    def __init__(self, masking: WordMasking):
        self.masking = masking

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.masking.start_epoch(round(state.epoch))


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
    model: str, held_out: Labelled, train: Sequence[str], *, max_length: int, seed: int
) -> dict[str, Any]:
    """How often the hidden token is the model's first, or among its first five, on held-out text.

    The masks, 15 % of the words, are the same for every model that shares the tokenizer.
    `unigram_top1` and `unigram_top5` are what always guessing the commonest tokens of the train
    texts would give; `told_top1` and `told_top5`, of a model that was adapted to labels, what it
    does when it is told them. Shares are None where nothing could be masked.
    """
    tokenizer = load_tokenizer(model)
    lm = load_base(model).to(pick_device())
    limit = length_limit(lm.config, tokenizer, max_length)
    labels = condition_labels(model, lm.config)
    condition = None if labels is None else LabelCondition(tokenizer, labels)
    rows = _rows(held_out, tokenizer, limit, condition)
    masking = WordMasking(tokenizer.mask_token_id, tokenizer.pad_token_id, 0, EVALUATION_RATE, seed)
    masked = [_Hidden(row._replace(ids=masking.mask(row)[0]), row, label) for row, label in rows]
    masked = [row for row in masked if (row.hidden.ids != row.whole.ids).any()]
    names = SHARES if condition is None else SHARES + TOLD_SHARES
    if not masked:
        return {"masked_tokens": 0, **dict.fromkeys(names)}
    gold = np.concatenate([row.whole.ids[row.hidden.ids != row.whole.ids] for row in masked])
    common = _common_tokens(train, tokenizer, limit)
    ranks = _ranks(lm, masked, tokenizer.pad_token_id)
    hits = [ranks < 1, ranks < 5, np.isin(gold, common[:1]), np.isin(gold, common)]
    if condition is not None:
        told = [row.told(condition) for row in masked]
        ranks = _ranks(lm, told, tokenizer.pad_token_id)
        hits += [ranks < 1, ranks < 5]
    shares = {name: float(hit.mean()) for name, hit in zip(names, hits, strict=True)}
    return {"masked_tokens": len(gold), **shares}


SHARES = ("top1", "top5", "unigram_top1", "unigram_top5")
TOLD_SHARES = ("told_top1", "told_top5")


class _Hidden(NamedTuple):
    """A row, the same with words hidden, and the label of its text."""

    hidden: WordRow
    whole: WordRow
    label: int | None

    def told(self, condition: LabelCondition) -> "_Hidden":
        if self.label is None:
            return self
        rows = (row.told(condition, self.label) for row in (self.hidden, self.whole))
        return _Hidden(*rows, self.label)


def _ranks(lm: PreTrainedModel, rows: Sequence[_Hidden], pad: int) -> np.ndarray:
    """How many tokens score higher than the hidden one, for all hidden tokens of the rows."""
    places = MaskedPlaces(lm)
    tokens = TokenRows(Ragged.of([row.hidden.ids for row in rows]), pad, lm.device)
    whole = TokenRows(Ragged.of([row.whole.ids for row in rows]), pad, lm.device)
    types = TokenRows(Ragged.of([row.hidden.segments for row in rows]), 0, lm.device)
    uses_types = any(row.hidden.segments.any() for row in rows)
    of_places: list[np.ndarray | None] = [None] * len(rows)

    def step(batch: np.ndarray, width: int) -> None:
        where = to_device(batch, lm.device)
        ids, mask = tokens.gather(where, width)
        gold, _ = whole.gather(where, width)
        inputs = {"input_ids": ids, "attention_mask": mask}
        if uses_types:
            inputs["token_type_ids"] = types.gather(where, width)[0]
        hidden = (gold != ids).nonzero(as_tuple=True)
        scores = places.logits(hidden, **inputs)
        of_gold = scores.gather(1, gold[hidden].unsqueeze(1))
        ranks = (scores > of_gold).sum(dim=1).cpu().numpy()
        bounds = np.searchsorted(hidden[0].cpu().numpy(), np.arange(1, len(batch)))
        for row, of_row in zip(batch, np.split(ranks, bounds), strict=True):
            of_places[row] = of_row

    with torch.inference_mode():
        for_each_batch(tokens.lengths, TokenBudget(TOKENS_PER_BATCH), step)
    return np.concatenate(of_places)


def _rows(
    texts: Labelled,
    tokenizer: PreTrainedTokenizerFast,
    max_length: int,
    condition: LabelCondition | None,
) -> list[tuple[WordRow, int | None]]:
    """Tokens and words of each text, with room for a label; fewer than two words teach nothing."""
    room = max_length if condition is None else max_length - condition.extra
    encoder = TextTokenizer(tokenizer.backend_tokenizer, room)
    words = repeat(()) if texts.words is None else texts.words(texts.texts)
    rows = map(WordRow.of, encoder.encode(texts.texts, offsets=True), texts.texts, words)
    pairs = zip(rows, texts.labels, strict=True)
    return [(row, label) for row, label in pairs if row.words.max(initial=-1) >= 1]


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
