"""What each augmenter does to labelled texts, at its default rate and at others.

    python -m benchmarks.augment_quality --teacher MODELS/teacher --encoder MODELS/minilm \\
        --wordnet examples/reviews/data/wordnet --vectors examples/reviews/data/glove \\
        --mlm MODELS/mlm --rates 0.05 0.1 0.2 --write transforms/augmenters/figures.json

On the validation split of the labelled texts, one variant of each: the share whose teacher label is
the gold label, and the same share of their sources; the mean cosine of the sentence embeddings;
distinct-2 (different pairs of neighbouring words over all of them); edits per variant; the share of
texts for which there was nothing to do. Then: see transforms/augmenters/docs.py. Of Chinese texts:

    python -m benchmarks.augment_quality --language zh \\
        --texts examples/chinese/data/reviews.jsonl \\
        --teacher examples/chinese/models/teacher --encoder examples/chinese/models/e5-small \\
        --limit 400 --rates 0.05 0.1 0.2 --write transforms/augmenters/figures-zh.json
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mashbill.models.classifier import Classifier
from mashbill.models.encoder import Encoder
from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters import figures
from mashbill.transforms.augmenters.base import Augmenter, apply
from mashbill.transforms.augmenters.docs import TEXTS, example_of
from mashbill.transforms.augmenters.registry import AUGMENTERS, available, build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.examples import seed_of, source_id_of, split_of
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE
from mashbill.transforms.quality import quality

FRACTIONS = (0.8, 0.1, 0.1)
COMBINED = {
    "en": {
        "chain": ["contraction.expand", "typo.keyboard"],
        "one_of": ["edit.swap", "typo.keyboard"],
        "sometimes": ["edit.swap"],
    },
    "zh": {"chain": ["number.form", "typo.homophone"], "one_of": ["edit.swap", "typo.homophone"]},
}


class Texts(NamedTuple):
    """Labelled texts, with what the models say of them; all of the same length."""

    texts: list[str]
    gold: np.ndarray
    predicted: np.ndarray
    embeddings: np.ndarray


def measure(
    augmenter: Augmenter, data: Texts, teacher: Classifier, encoder: Encoder
) -> dict[str, float]:
    """Figures of one variant of each text.

    Raises:
        MashbillError: there was nothing to do in any.
    """
    seeds = [seed_of(0, source_id_of(text), augmenter.label, 1) for text in data.texts]
    edits = augmenter.augment_batch(Request(data.texts, seeds))
    changed = [row for row, done in enumerate(edits) if done]
    if not changed:
        raise MashbillError("found nothing to do in any text")
    variants = [apply(data.texts[row], edits[row]) for row in changed]
    cosine = (encoder.embed(variants) * data.embeddings[changed]).sum(axis=1)
    found = quality(
        variants,
        data.gold[changed].tolist(),
        teacher.logits(variants).argmax(axis=1).tolist(),
        data.predicted[changed].tolist(),
        cosine.tolist(),
        augmenter.language.name,
    )
    return {
        "variants": found.variants,
        "right": found.right,
        "source_right": found.source_right,
        "similarity": found.similarity,
        "distinct_2": found.distinct_2,
        "edits": sum(map(len, edits)) / len(changed),
        "exhausted": 1 - len(changed) / len(data.texts),
    }


def rows_by_split(file: Path) -> Iterator[tuple[str, dict]]:
    """The rows of a JSONL file with texts, each behind its split."""
    for line in file.read_text("utf-8").splitlines():
        row = json.loads(line)
        yield split_of(source_id_of(row["text"]), FRACTIONS), row


def read_splits(file: Path, labels: Sequence[str]) -> tuple[list[str], list[str], np.ndarray]:
    """Train texts; validation texts and the numbers of their labels."""
    train, validation, gold = [], [], []
    for split, row in rows_by_split(file):
        if split == "train":
            train.append(row["text"])
        elif split == "validation":
            validation.append(row["text"])
            gold.append(labels.index(row["label"]))
    return train, validation, np.array(gold)


def specs(options: argparse.Namespace) -> Mapping[str, dict]:
    """What each augmenter needs beside its name, as far as it was given."""
    given = {
        "synonym.wordnet": {"wordnet": options.wordnet},
        "synonym.embedding": {"vectors": options.vectors},
        "contextual.substitute": {"model": options.mlm},
        "contextual.insert": {"model": options.mlm},
        "nlpaug.WordEmbsAug": {"args": {"model_path": options.vectors}},
        "nlpaug.ContextualWordEmbsAug": {"args": {"model_path": options.mlm}},
        **{name: {"of": parts} for name, parts in COMBINED[options.language].items()},
    }
    extra = json.loads(options.parameters)
    return {name: {"use": name, **given.get(name, {}), **extra} for name in AUGMENTERS}


def rates(kind: type[Augmenter], others: Sequence[float], language: str) -> list[float | None]:
    """Those to measure: the default, and others where there is such a parameter."""
    default = figures.default_rate(kind, language)
    if default is None or default == 1:  # conversions
        return [default]
    most = 0.1 if kind.name.startswith("typo.") else 1.0
    return sorted({default, *(rate for rate in others if rate <= most)})


def judged_by(about: str) -> argparse.ArgumentParser:
    """Which texts are changed, and which models judge what comes of them."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--texts", type=Path, default=Path("examples/reviews/data/movies.jsonl"))
    parser.add_argument("--teacher", required=True, help="a trained classifier")
    parser.add_argument("--encoder", required=True, help="a sentence encoder")
    return parser


def main() -> None:
    parser = judged_by(__doc__)
    parser.add_argument("--language", default=DEFAULT_LANGUAGE, help="of the texts")
    parser.add_argument("--wordnet", help="folder of WordNet's files")
    parser.add_argument("--vectors", help="word vectors")
    parser.add_argument("--mlm", help="a masked language model")
    parser.add_argument("--limit", type=int, help="validation texts to use at most")
    parser.add_argument("--only", nargs="*", default=[""], help="names that begin like these")
    parser.add_argument("--rates", type=float, nargs="*", default=[], help="beside the default")
    parser.add_argument("--parameters", default="{}", help="JSON, for every augmenter measured")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16", "auto"))
    parser.add_argument("--write", type=Path, help="JSON file; figures of others in it stay")
    options = parser.parse_args()

    teacher = Classifier.load(options.teacher, precision=options.precision)
    encoder = Encoder.load(options.encoder, precision=options.precision)
    train, texts, gold = read_splits(options.texts, teacher.labels)
    texts, gold = texts[: options.limit], gold[: options.limit]
    if not texts:
        parser.error(f"{options.texts}: none of the texts is in the validation split")
    statistics = Statistics.of(train, language=options.language)
    predicted = teacher.logits(texts).argmax(axis=1)
    data = Texts(texts, gold, predicted, encoder.embed(texts))
    print(f"{len(texts)} texts, teacher right in {(predicted == gold).mean():.3f}", file=sys.stderr)
    measured: dict[str, dict] = {}
    works = available(options.language)
    shown = TEXTS if options.language == DEFAULT_LANGUAGE else sorted(texts, key=len)[-300:-250]
    for name, spec in specs(options).items():
        if not name.startswith(tuple(options.only)) or name not in works:
            continue
        for rate in rates(AUGMENTERS[name], options.rates, options.language):
            at = {} if rate is None else {"rate": rate}
            try:
                augmenter = build({**spec, **at}, options.language).with_statistics(statistics)
                found = measure(augmenter, data, teacher, encoder)
            except MashbillError as error:
                print(f"{name}: not measured: {error}", file=sys.stderr)
                break
            rounded = {key: round(value, 4) for key, value in found.items()}
            of_augmenter = measured.setdefault(name, {"rates": {}})
            of_augmenter["rates"]["" if rate is None else str(rate)] = rounded
            if rate == figures.default_rate(AUGMENTERS[name], options.language):
                of_augmenter["example"] = example_of(augmenter, shown)
            print(name, at, rounded, file=sys.stderr, flush=True)
    if options.write:
        merged = merge(figures.read(options.write), measured)
        options.write.write_text(json.dumps(merged, indent=1) + "\n", "utf-8")
    else:
        print(json.dumps(measured))


def merge(before: figures.Figures, measured: figures.Figures) -> dict[str, dict]:
    """All of both; what was measured anew replaces what was there."""
    merged = {}
    for name in sorted(before.keys() | measured.keys()):
        old, new = before.get(name, {}), measured.get(name, {})
        rates = {**old.get("rates", {}), **new.get("rates", {})}
        merged[name] = {**old, **new, "rates": dict(sorted(rates.items()))}
    return merged


if __name__ == "__main__":
    main()
