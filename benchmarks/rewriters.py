"""Rewriters on labelled texts: what is refused, what stays of labels and meaning, and how fast.

    python -m benchmarks.rewriters --teacher MODELS/teacher --encoder MODELS/minilm \\
        --writer MODELS/gemma --pairs DIR

One answer to each of some texts of the validation split, drawn by a seed. `--writer` is a causal
language model that was not instructed; `--methods` is a YAML file with a list of others, as in a
recipe. Figures are of what passes the guards; labels of new texts (`write.text`) are not those of
their sources, so that nothing is said of them. `--pairs` writes each source above its variant, to
be read: a file for each method.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.augment_quality import Texts, judged_by, read_splits
from benchmarks.few_labels import WRITTEN
from mashbill.models.classifier import Classifier
from mashbill.models.encoder import Encoder
from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.refusal import refusal_of
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.examples import WRITES
from mashbill.transforms.quality import quality

COLUMNS = (
    *("method", "texts", "refused", "labels kept", "right, sources", "right, variants"),
    *("similarity", "distinct-2", "seconds a text", "refused for"),
)


class Answers:
    """A method's answers to some texts, without those that are refused.

    Attributes:
        rows: places of the texts whose answers are taken; `texts`, these answers.
        refused: how many were refused, by reason.
        seconds: for a text, the model's loading aside.
    """

    def __init__(self, augmenter: Augmenter, request: Request):
        augmenter.load()
        started = time.perf_counter()
        variants = augmenter.variants(request)
        self.seconds = (time.perf_counter() - started) / len(variants)
        reasons = [refusal_of(one) for one in variants]
        self.refused = Counter(filter(None, reasons))
        self.rows = [row for row, reason in enumerate(reasons) if reason is None]
        self.texts = [variants[row].text for row in self.rows]


def cells(
    name: str, answers: Answers, data: Texts, teacher: Classifier, encoder: Encoder
) -> list[str]:
    """Of one line of the table."""
    total = len(data.texts)
    refused = ", ".join(f"{why} {number}" for why, number in answers.refused.most_common())
    line = [name, str(total), _percent(1 - len(answers.rows) / total)]
    if not answers.rows:
        return [*line, *[""] * 5, f"{answers.seconds:.2f}", refused]
    said = teacher.logits(answers.texts).argmax(axis=1)
    of_source = data.predicted[answers.rows]
    cosine = (encoder.embed(answers.texts) * data.embeddings[answers.rows]).sum(axis=1)
    gold = data.gold[answers.rows].tolist()
    found = quality(answers.texts, gold, said.tolist(), of_source.tolist(), cosine.tolist())
    labels = [np.mean(said == of_source), found.source_right, found.right]
    of_labels = [""] * 3 if name.startswith(WRITES) else map(_percent, labels)
    figures = [found.similarity, found.distinct_2, answers.seconds]
    return [*line, *of_labels, *(f"{one:.2f}" for one in figures), refused]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def methods(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Those of the language model, the same with several answers each, and those of a file."""
    own: list[dict[str, Any]] = []
    if options.writer is not None:
        model = {"model": str(options.writer), "stop": ["\n"]}
        counts = dict.fromkeys((1, options.choices))
        own = [one | model | {"choices": choices} for one in WRITTEN.values() for choices in counts]
    return own + (yaml.safe_load(options.methods.read_text("utf-8")) if options.methods else [])


def named(method: dict[str, Any]) -> str:
    choices = method.get("choices", 1)
    return method["use"] + (f", best of {choices}" if choices > 1 else "")


def drawn(texts: Sequence[str], gold: np.ndarray, limit: int) -> tuple[list[str], np.ndarray]:
    order = np.random.default_rng(0).permutation(len(texts))[:limit]
    return [texts[place] for place in order], gold[order]


def main() -> None:
    parser = judged_by(__doc__)
    parser.add_argument("--writer", type=Path, help="a causal language model")
    parser.add_argument("--choices", type=int, default=4, help="answers at once, beside one")
    parser.add_argument("--methods", type=Path, help="YAML: a list of others, as in a recipe")
    parser.add_argument("--limit", type=int, default=140, help="texts to use at most")
    parser.add_argument("--pairs", type=Path, help="folder for the texts, to be read")
    options = parser.parse_args()
    teacher, encoder = Classifier.load(options.teacher), Encoder.load(options.encoder)
    train, *labelled = read_splits(options.texts, teacher.labels)
    texts, gold = drawn(*labelled, options.limit)
    predicted = teacher.logits(texts).argmax(axis=1)
    data = Texts(texts, gold, predicted, encoder.embed(texts))
    statistics = Statistics.of(train)
    print(f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|", sep="\n", flush=True)
    for method in methods(options):
        augmenter = build(method).with_labels(teacher.labels).with_statistics(statistics)
        answers = Answers(augmenter, Request(texts, range(len(texts)), gold.tolist()))
        name = named(method)
        print(f"| {' | '.join(cells(name, answers, data, teacher, encoder))} |", flush=True)
        if options.pairs:
            options.pairs.mkdir(parents=True, exist_ok=True)
            pairs = zip(answers.rows, answers.texts, strict=True)
            lines = "".join(f"{texts[row]}\n{new}\n\n" for row, new in pairs)
            path = options.pairs / f"{name.replace(', ', '-').replace(' ', '-')}.txt"
            path.write_text(lines, "utf-8")
            print(f"{path}: {len(answers.rows)} pairs", file=sys.stderr)


if __name__ == "__main__":
    main()
