"""What each augmenter, at its default rate, does to labelled texts.

    python -m benchmarks.augment_quality --teacher MODELS/teacher --encoder MODELS/minilm \\
        --wordnet examples/reviews/data/wordnet --write docs/augmenter_figures.json

On the validation split of the labelled texts: the share of variants whose teacher label is the
gold label, over the same share of their sources; the mean cosine of the sentence embeddings;
distinct-2 (different pairs of neighbouring words over all of them); edits per variant; the share of
texts for which there was nothing to do. Then: python -m transforms.augmenters.docs.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.classifier import Classifier
from models.encoder import Encoder
from models.errors import MashbillError
from transforms.augmenters.base import Augmenter, apply
from transforms.augmenters.registry import AUGMENTERS, build
from transforms.augmenters.statistics import Statistics, words_of
from transforms.examples import seed_of, source_id_of, split_of

FRACTIONS = (0.8, 0.1, 0.1)
COMBINED = {
    "chain": ["contraction.expand", "typo.keyboard"],
    "one_of": ["edit.swap", "typo.keyboard"],
    "sometimes": ["edit.swap"],
}


def distinct_2(texts: Sequence[str]) -> float:
    """Different bigrams over all bigrams; 0 where there are none."""
    bigrams = [pair for words in words_of(texts) for pair in pairwise(words)]
    return len(set(bigrams)) / len(bigrams) if bigrams else 0.0


def measure(
    augmenter: Augmenter,
    texts: Sequence[str],
    gold: np.ndarray,
    is_right: np.ndarray,
    embeddings: np.ndarray,
    teacher: Classifier,
    encoder: Encoder,
) -> dict[str, float]:
    """Args: gold: class of each text; is_right: bool, whether the teacher finds it in the text."""
    seeds = [seed_of(0, source_id_of(text), augmenter.label, 1) for text in texts]
    edits = augmenter.augment_batch(texts, seeds)
    changed = np.array([bool(row) for row in edits])
    if not changed.any():
        raise MashbillError("found nothing to do in any text")
    variants = [apply(text, row) for text, row in zip(texts, edits, strict=True) if row]
    kept = teacher.logits(variants).argmax(axis=1) == gold[changed]
    cosine = (encoder.embed(variants) * embeddings[changed]).sum(axis=1)
    return {
        "label_kept": float(kept.mean() / is_right[changed].mean()),
        "similarity": float(cosine.mean()),
        "distinct_2": distinct_2(variants),
        "edits": sum(map(len, edits)) / len(variants),
        "exhausted": float(1 - changed.mean()),
    }


def read_splits(file: Path, labels: Sequence[str]) -> tuple[list[str], list[str], np.ndarray]:
    """Train texts; validation texts and the numbers of their labels."""
    train, validation, gold = [], [], []
    for line in file.read_text("utf-8").splitlines():
        row = json.loads(line)
        split = split_of(source_id_of(row["text"]), FRACTIONS)
        if split == "train":
            train.append(row["text"])
        elif split == "validation":
            validation.append(row["text"])
            gold.append(labels.index(row["label"]))
    return train, validation, np.array(gold)


def specs(options: argparse.Namespace) -> Mapping[str, dict]:
    given = {
        "synonym.wordnet": {"wordnet": options.wordnet},
        "synonym.embedding": {"vectors": options.vectors},
        "contextual.substitute": {"model": options.mlm},
        "contextual.insert": {"model": options.mlm},
        **{name: {"of": parts} for name, parts in COMBINED.items()},
    }
    return {name: {"use": name, **given.get(name, {})} for name in AUGMENTERS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path, default=Path("examples/reviews/data/movies.jsonl"))
    parser.add_argument("--teacher", required=True, help="a trained classifier")
    parser.add_argument("--encoder", required=True, help="a sentence encoder")
    parser.add_argument("--wordnet", help="folder of WordNet's files")
    parser.add_argument("--vectors", help="word vectors")
    parser.add_argument("--mlm", help="a masked language model")
    parser.add_argument("--limit", type=int, help="validation texts to use at most")
    parser.add_argument("--only", default="", help="names that begin like this")
    parser.add_argument("--write", type=Path, help="JSON file; figures of others in it stay")
    options = parser.parse_args()

    teacher, encoder = Classifier.load(options.teacher), Encoder.load(options.encoder)
    train, texts, gold = read_splits(options.texts, teacher.labels)
    texts, gold = texts[: options.limit], gold[: options.limit]
    statistics = Statistics.of(train)
    is_right = teacher.logits(texts).argmax(axis=1) == gold
    embeddings = encoder.embed(texts)
    print(f"{len(texts)} texts, teacher right in {is_right.mean():.3f}", file=sys.stderr)
    figures = {}
    for name, spec in specs(options).items():
        if not name.startswith(options.only):
            continue
        try:
            augmenter = build(spec).with_statistics(statistics)
            found = measure(augmenter, texts, gold, is_right, embeddings, teacher, encoder)
        except MashbillError as error:
            print(f"{name}: not measured: {error}", file=sys.stderr)
            continue
        figures[name] = {key: round(value, 4) for key, value in found.items()}
        print(name, figures[name], file=sys.stderr, flush=True)
    if options.write:
        before = json.loads(options.write.read_text("utf-8")) if options.write.is_file() else {}
        merged = dict(sorted((before | figures).items()))
        options.write.write_text(json.dumps(merged, indent=1) + "\n", "utf-8")
    else:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
