"""Fine-tunes a classifier, the teacher, on labelled text."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    PreTrainedTokenizerFast,
    Trainer,
)

from mashbill.models.balance import Balance, chosen_weights
from mashbill.models.checkpoints import (
    checkpoint_state,
    is_over,
    last_checkpoint,
    load_best,
)
from mashbill.models.device import Precision
from mashbill.models.engines import engine_of
from mashbill.models.errors import ModelError
from mashbill.models.first_token import last_block_for_first_token
from mashbill.models.gold_rows import gold_rows
from mashbill.models.head import head_rows, load_with_head, output_layer
from mashbill.models.loading import length_limit, load_tokenizer
from mashbill.models.model_folder import save_model
from mashbill.models.tasks.base import Task
from mashbill.models.tokenizing import TextTokenizer
from mashbill.models.training import (
    RESUMABLE,
    Report,
    own_random_state,
    run_trainer,
    training_arguments,
)
from mashbill.models.windows import Windows


def train_classifier(
    train: pa.Table,
    validation: pa.Table,
    *,
    base: str,
    folder: Path,
    checkpoints: Path,
    task: Task,
    epochs: int,
    learning_rate: float,
    batch_size: int,
    patience: int,
    max_length: int,
    seed: int,
    best_by: str | None = None,
    balance: Balance = "auto",
    report: Report = lambda line: None,
) -> None:
    """Trains from `base` and saves the epoch of the best validation figure into `folder`.

    That is `best_by`; by default what `Task.chooses_by` says. `balance`
    weighs the loss by class; see `chosen_weights`.

    `checkpoints` keeps the state after each epoch; a training that finds one resumes there, to the
    same weights.

    Tables have the columns text, text_pair and label; rows without a label are left out.
    Training ends early after `patience` epochs without gain.

    Raises ModelError if `base` cannot serve or a table has no labelled row.
    """
    train, validation = labelled(train, "train"), labelled(validation, "validation")
    tally = task.tally(task.gold_of(train))
    for warning in task.warnings(tally):
        report(warning)
    weights = chosen_weights(balance, tally) if task.has_classes else None
    best_by = best_by or task.chooses_by(tally)
    inside = task.fitted(tally, train.num_rows)
    with own_random_state(seed):
        rows = rows_to_keep(base, task, report)
        model = load_with_head(base, task, rows, problem_type=task.problem_type)
        model.requires_grad_(True)
        tokenizer = load_tokenizer(base)
        limit = length_limit(model.config, tokenizer, max_length)
        encoder = TextTokenizer(tokenizer.backend_tokenizer, limit)
        if (cut := _cut_share(train, encoder)) > 0:
            report(f"{cut:.1%} of the train texts are longer than {limit} tokens and are truncated")
        trainer = Trainer(
            model=model,
            args=training_arguments(
                checkpoints,
                num_train_epochs=epochs,
                learning_rate=learning_rate,
                warmup_steps=epochs * -(-train.num_rows // batch_size) // 10,
                per_device_train_batch_size=batch_size,
                per_device_eval_batch_size=2 * batch_size,
                eval_strategy="epoch",
                load_best_model_at_end=True,  # keeps the best checkpoint from being rotated away
                metric_for_best_model=best_by,
                greater_is_better=best_by not in task.lower_is_better,
                restore_callback_states_from_checkpoint=True,
                seed=seed % 2**32,
                **RESUMABLE | {"save_total_limit": 2},  # with 1, the last goes when training ends
            ),
            train_dataset=_rows(train, inside, tokenizer, encoder),
            eval_dataset=_rows(validation, inside, tokenizer, encoder),
            data_collator=inside.collator(tokenizer),
            compute_metrics=partial(_metrics, inside),
            compute_loss_func=_loss(inside, weights),
            callbacks=[EarlyStoppingCallback(patience)],
        )
        last = last_checkpoint(checkpoints)
        steps = epochs * -(-train.num_rows // batch_size)
        if last is None or not is_over(checkpoint_state(last), steps):
            if last is not None:
                report(f"resumes after step {checkpoint_state(last)['global_step']}")
            with last_block_for_first_token(*[model] * task.one_answer):
                run_trainer(trainer, report, last)
        load_best(model, checkpoints)
        if task.rescales:
            inside.fold(output_layer(model))
        save_model(model, tokenizer, folder)


def _loss(task: Task, weights: Sequence[float] | None) -> Callable[..., torch.Tensor] | None:
    """The task's loss on gold labels; None where it is what the model computes by itself."""
    if task.has_classes:
        return weights and weighted_loss(weights)

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
        return task.gold_rows(outputs["logits"].float(), labels.float()).mean()

    return loss


def rows_to_keep(base: str, task: Task, report: Report) -> list[int] | None:
    """Those of the base model's own head, one for each label; None, said, if it is for others."""
    try:
        return head_rows(base, task)
    except ModelError as error:
        report(f"{error}; it is replaced by a new head")
        return None


def weighted_loss(weights: Sequence[float]) -> Callable[..., torch.Tensor]:
    """Cross-entropy over a batch, each row times the weight of its class, as Trainer calls it.

    Divided by the rows, not by their weights: a batch without the rare class must not count more.
    """
    by_class = torch.tensor(weights)

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
        logits = outputs["logits"].float()
        summed = torch.nn.functional.cross_entropy(
            logits, labels, weight=by_class.to(logits.device), reduction="sum"
        )
        return summed / (len(labels) if num_items_in_batch is None else num_items_in_batch)

    return loss


def evaluate_classifier(
    folder: Path,
    table: pa.Table,
    max_length: int,
    precision: Precision,
    task: Task,
    windows: Windows | None = None,
) -> dict[str, float]:
    """Metrics of a saved classifier on the labelled source examples of a table."""
    table = gold_rows(labelled(table, "evaluation"))
    classifier = engine_of(task)(str(folder), max_length, precision, "auto", windows)
    logits = classifier.logits(table["text"].to_pylist(), text_pairs(table))
    task = task.calibrated(classifier.model.config.to_dict())
    return task.metrics(logits, task.gold_of(table))


def set_thresholds(
    folder: Path,
    validation: pa.Table,
    max_length: int,
    precision: Precision,
    task: Task,
    windows: Windows | None = None,
) -> None:
    """Fits what decides a saved classifier's answers into its config.json, if anything does."""
    if not task.has_thresholds:
        return
    table = gold_rows(labelled(validation, "validation"))
    classifier = engine_of(task)(str(folder), max_length, precision, "auto", windows)
    logits = classifier.logits(table["text"].to_pylist(), text_pairs(table))
    calibration = task.calibrate(logits, task.gold_of(table))
    classifier.model.config.update(task.of_config(calibration, scales=False))
    classifier.model.config.save_pretrained(folder)


def labelled(table: pa.Table, name: str) -> pa.Table:
    rows = table.filter(table["label"].is_valid())
    if not rows.num_rows:
        raise ModelError(f"the {name} split has no labelled example")
    return rows


def text_pairs(table: pa.Table) -> list[str] | None:
    """Second texts, or None where the task has none."""
    pairs = table["text_pair"]
    return None if pairs.null_count == len(pairs) else pairs.to_pylist()


def _cut_share(table: pa.Table, encoder: TextTokenizer) -> float:
    """Of the texts, those that go on beyond what a model reads of them."""
    windows = encoder.windows(table["text"].to_pylist(), text_pairs(table))
    return sum(window is not None and window.cut for window in windows) / len(windows)


def _rows(
    table: pa.Table, task: Task, tokenizer: PreTrainedTokenizerFast, encoder: TextTokenizer
) -> list[dict[str, Any]]:
    texts = table["text"].to_pylist()
    encodings = encoder.encode(texts, text_pairs(table), offsets=task.needs_offsets)
    labels = task.label_rows(texts, encodings, task.inward(task.gold_of(table)))
    rows = [
        {"input_ids": e.ids, "attention_mask": e.attention_mask, "labels": label}
        for e, label in zip(encodings, labels, strict=True)
    ]
    if "token_type_ids" in tokenizer.model_input_names:
        for row, encoding in zip(rows, encodings, strict=True):
            row["token_type_ids"] = encoding.type_ids
    return rows


def _metrics(task: Task, prediction: EvalPrediction) -> dict[str, float]:
    logits, labels = prediction.predictions, prediction.label_ids
    return task.metrics(*task.of_tokens(labels, logits, labels))
