"""Which masked language model should fill: what its words do to labels, meaning and a classifier.

Each filler writes `contextual.substitute` variants. On validation: the share whose teacher label is
the gold label, and their mean cosine to the source. Downstream: a classifier of the encoder learns
from a few labelled train texts and two variants of each, which keep the text's label; its accuracy
on validation is the mean over seeds. `repeated` has each text three times instead.

    mashbill adapt-mlm RECIPE                                        # the first two fillers
    mashbill adapt-mlm RECIPE --set mlm.model=out/mlm-told --set mlm.condition_on_label=true
    mashbill adapt-mlm RECIPE --set mlm.model=out/mlm-minilm --set mlm.base=MODELS/minilm
    python -m benchmarks.fillers
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.augment_quality import rows_by_split
from mashbill.models.classifier import Classifier
from mashbill.models.encoder import Encoder
from mashbill.models.tasks.registry import single
from mashbill.models.train_classifier import evaluate_classifier, train_classifier
from mashbill.transforms.augmenters.base import Augmenter, apply
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.examples import seed_of, source_id_of

COPIES = 2
LABELS = ["negative", "positive"]


def fillers(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    adapted = str(options.models / "mlm")
    return {
        "adapted": {"model": adapted},
        "adapted, keep_label": {"model": adapted, "keep_label": str(options.models / "teacher")},
        "told the label": {"model": options.told},
        "MiniLM, new head": {"model": options.minilm},
    }


def read(path: Path) -> dict[str, tuple[list[str], list[int]]]:
    """Texts and gold labels by split."""
    splits: dict[str, tuple[list[str], list[int]]] = {}
    for split, row in rows_by_split(path):
        texts, gold = splits.setdefault(split, ([], []))
        texts.append(row["text"])
        gold.append(LABELS.index(row["label"]))
    return splits


def variants(filler: Augmenter, texts: Sequence[str], gold: Sequence[int], copy: int) -> list[str]:
    seeds = [seed_of(0, source_id_of(text), filler.label, copy) for text in texts]
    edits = filler.augment_batch(Request(texts, seeds, gold))
    return [apply(text, found) for text, found in zip(texts, edits, strict=True)]


def table(texts: list[str], gold: list[int]) -> pa.Table:
    empty = pa.nulls(len(texts), pa.string())
    return pa.table({"text": texts, "text_pair": empty, "label": pa.array(gold, pa.int64())})


def downstream(train: pa.Table, validation: pa.Table, base: str, seeds: Sequence[int]) -> list:
    """Validation accuracy of a classifier for each seed."""
    found = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            train_classifier(
                train,
                validation,
                base=base,
                folder=Path(folder, "classifier"),
                checkpoints=Path(folder, "checkpoints"),
                task=single(LABELS),
                epochs=3,
                learning_rate=1e-4,
                batch_size=16,
                patience=3,
                max_length=64,
                seed=seed,
            )
            made = Path(folder, "classifier")
            found.append(
                evaluate_classifier(made, validation, 64, "fp32", single(LABELS))["accuracy"]
            )
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--texts", type=Path, default=Path("examples/reviews/data/movies.jsonl"))
    arguments.add_argument("--models", type=Path, default=Path("examples/reviews/models"))
    arguments.add_argument("--told", default="out/mlm-told")
    arguments.add_argument("--minilm", default="out/mlm-minilm")
    arguments.add_argument("--rate", type=float, default=0.3)
    arguments.add_argument("--labelled", type=int, default=500, help="train texts")
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options = arguments.parse_args()
    splits, base = read(options.texts), str(options.models / "minilm")
    some = random.Random(0).sample(range(len(splits["train"][0])), options.labelled)
    few = tuple([column[i] for i in some] for column in splits["train"])
    texts, gold = splits["validation"]
    validation = table(texts, gold)
    teacher, encoder = Classifier.load(str(options.models / "teacher")), Encoder.load(base)
    of_sources = encoder.embed(texts)

    def row(name: str, train: list[str], **figures: float) -> dict[str, Any]:
        labels = few[1] * (len(train) // len(few[1]))
        accuracy = downstream(table(train, labels), validation, base, options.seeds)
        spread = statistics.stdev(accuracy) if len(accuracy) > 1 else 0.0
        found = {"filler": name, **figures, "accuracy": statistics.mean(accuracy), "spread": spread}
        print(found, file=sys.stderr, flush=True)
        return found

    right = float((teacher.logits(texts).argmax(1) == gold).mean())
    found = [row("repeated", few[0] * (1 + COPIES), kept=right, similarity=1.0)]
    for name, parameters in fillers(options).items():
        filler = build({"use": "contextual.substitute", "rate": options.rate, **parameters})
        made = variants(filler, texts, gold, 1)
        kept = float((teacher.logits(made).argmax(1) == gold).mean())
        similarity = float(np.mean((encoder.embed(made) * of_sources).sum(1)))
        copies = [t for copy in range(1, 1 + COPIES) for t in variants(filler, *few, copy)]
        found.append(row(name, few[0] + copies, kept=kept, similarity=similarity))
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
