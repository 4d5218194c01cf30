"""Fine-tunes a classifier, the teacher, on labelled text."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    EvalPrediction,
    PreTrainedTokenizerFast,
    Trainer,
)

from mashbill.models.classifier import Classifier
from mashbill.models.errors import ModelError
from mashbill.models.first_token import last_block_for_first_token
from mashbill.models.loading import length_limit, load_model, load_tokenizer
from mashbill.models.metrics import classification_metrics
from mashbill.models.tokenizing import TextTokenizer
from mashbill.models.training import Report, own_random_state, run_trainer, training_arguments

HEAD = r"classifier|pre_classifier|score|head|.*pooler"  # weights that a base model need not have


def train_classifier(
    train: pa.Table,
    validation: pa.Table,
    *,
    base: str,
    folder: Path,
    labels: list[str],
    epochs: int,
    learning_rate: float,
    batch_size: int,
    patience: int,
    max_length: int,
    seed: int,
    report: Report = lambda line: None,
) -> None:
    """Trains from `base` and saves the epoch of best validation accuracy into `folder`.

    Tables have the columns text, text_pair and label; rows without a label are left out.
    Training ends early after `patience` epochs without gain.

    Raises ModelError if `base` cannot serve or a table has no labelled row.
    """
    train, validation = labelled(train, "train"), labelled(validation, "validation")
    with own_random_state(seed):
        model = load_model(
            base,
            AutoModelForSequenceClassification,
            optional=HEAD,
            id2label=dict(enumerate(labels)),
            label2id={name: i for i, name in enumerate(labels)},
            ignore_mismatched_sizes=True,
        ).requires_grad_(True)
        tokenizer = load_tokenizer(base)
        limit = length_limit(model.config, tokenizer, max_length)
        with tempfile.TemporaryDirectory(dir=folder.parent) as checkpoints:
            trainer = Trainer(
                model=model,
                args=training_arguments(
                    Path(checkpoints),
                    num_train_epochs=epochs,
                    learning_rate=learning_rate,
                    warmup_steps=epochs * -(-train.num_rows // batch_size) // 10,
                    per_device_train_batch_size=batch_size,
                    per_device_eval_batch_size=2 * batch_size,
                    eval_strategy="epoch",
                    save_strategy="epoch",
                    save_total_limit=1,
                    load_best_model_at_end=True,
                    metric_for_best_model="accuracy",
                    seed=seed % 2**32,
                ),
                train_dataset=_rows(train, tokenizer, limit),
                eval_dataset=_rows(validation, tokenizer, limit),
                data_collator=DataCollatorWithPadding(tokenizer),
                compute_metrics=_metrics,
                callbacks=[EarlyStoppingCallback(patience)],
            )
            with last_block_for_first_token(model):
                run_trainer(trainer, report)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def evaluate_classifier(folder: Path, table: pa.Table, max_length: int) -> dict[str, float]:
    """Metrics of a saved classifier on the labelled rows of a table, in float32."""
    table = labelled(table, "evaluation")
    classifier = Classifier(str(folder), max_length, "fp32", "auto")
    logits = classifier.logits(table["text"].to_pylist(), text_pairs(table))
    return classification_metrics(logits, table["label"].to_numpy())


def labelled(table: pa.Table, name: str) -> pa.Table:
    rows = table.filter(table["label"].is_valid())
    if not rows.num_rows:
        raise ModelError(f"the {name} split has no labelled example")
    return rows


def text_pairs(table: pa.Table) -> list[str] | None:
    """Second texts, or None where the task has none."""
    pairs = table["text_pair"]
    return None if pairs.null_count == len(pairs) else pairs.to_pylist()


def _rows(
    table: pa.Table, tokenizer: PreTrainedTokenizerFast, max_length: int
) -> list[dict[str, Any]]:
    encoder = TextTokenizer(tokenizer.backend_tokenizer, max_length)
    encodings = encoder.encode(table["text"].to_pylist(), text_pairs(table))
    rows = [
        {"input_ids": e.ids, "attention_mask": e.attention_mask, "labels": label}
        for e, label in zip(encodings, table["label"].to_pylist(), strict=True)
    ]
    if "token_type_ids" in tokenizer.model_input_names:
        for row, encoding in zip(rows, encodings, strict=True):
            row["token_type_ids"] = encoding.type_ids
    return rows


def _metrics(prediction: EvalPrediction) -> dict[str, float]:
    return classification_metrics(
        np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
    )
