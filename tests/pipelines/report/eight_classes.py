"""A finished data set and an evaluation of eight classes, the rarest with two test rows."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from mashbill.models.tasks.registry import single
from mashbill.pipelines.evaluation import figures
from mashbill.pipelines.report import EVALUATION_VERSION
from mashbill.transforms.annotate import TeacherFilter
from mashbill.transforms.examples import ORIGINAL
from mashbill.transforms.layout import features, parquet_schema
from mashbill.transforms.write import WriteShard
from tests.pipelines.finished import RUN
from tests.transforms.batches import sources, with_variants
from tests.transforms.columns import WITH_SIMILARITY

LABELS = [
    "arts and entertainment", "business", "health", "politics", "science and technology",
    "sport", "travel", "world news",
]  # fmt: skip
TASK = single(LABELS)
ROWS = [60, 50, 30, 25, 20, 10, 3, 2]
MODELS = ("teacher", "student", "kd-real")
SUITES = ("typo", "ocr", "misspelling", "case", "whitespace", "truncation")


def eight_classes(out: Path) -> tuple[dict, dict]:
    """Writes the data set; gives what run.json and evaluation.json hold."""
    texts = [f"a report on {LABELS[label]}, number {i}" for i, label in enumerate(_gold())]
    labels = _gold().tolist()
    batch = with_variants(sources(*texts, labels=labels), {text: [f"{text}!"] for text in texts})
    rng = np.random.default_rng(1)
    logits = [rng.normal(0, 1, 8) + 3 * np.eye(8)[label] for label in batch["label"].to_pylist()]
    variant = [name != ORIGINAL for name in batch["augmenter"].to_pylist()]
    similar = pa.array([0.9 if one else None for one in variant], pa.float32())
    batch = batch.append_column("similarity", similar)
    scores = pa.array([row.tolist() for row in logits], pa.list_(pa.float32(), 8))
    stage = TeacherFilter(TASK, "uniform")
    rows = stage.run(batch.append_column("teacher_logits", scores)).batch
    schema = parquet_schema(features(TASK, WITH_SIMILARITY), {})
    list(WriteShard(str(out), 1, schema).process((0, [rows])))
    run = {**RUN, "labels": LABELS, "rejects": {}}
    (out / "run.json").write_text(json.dumps(run))
    return run, _evaluation()


def _gold() -> np.ndarray:
    return np.repeat(np.arange(8), ROWS)


def _evaluation() -> dict:
    gold, rng = _gold(), np.random.default_rng(2)

    def logits(strength: float) -> np.ndarray:
        return rng.normal(0, 1, (len(gold), 8)) + strength * np.eye(8)[gold]

    results, clean = [], {model: logits(3) for model in MODELS}
    for suite in ("clean", *SUITES):
        for level in range(1, 4) if suite != "clean" else (0,):
            for model in MODELS:
                scores = clean[model] if level == 0 else logits(3 - level / 2)
                found = figures.condition(TASK, scores, gold, clean["teacher"].argmax(axis=1))
                if level == 0:
                    found |= figures.calibration(scores, gold)
                results.append(
                    {"set": "test", "suite": suite, "level": level, "model": model, **found}
                )
    right = {model: scores.argmax(axis=1) == gold for model, scores in clean.items()}
    where = {"set": "test", "suite": "clean", "level": 0}
    speed = {"p50_ms": 2.0, "p95_ms": 3.0, "rows_per_second": 400.0}
    places = {label: np.flatnonzero(gold == i) for i, label in enumerate(LABELS)}
    return {
        "version": EVALUATION_VERSION,
        "measure": TASK.measure._asdict(),
        "figures": dict(TASK.figures),
        "labels": LABELS,
        "warnings": [],
        "data": {"path": "out", "fingerprint": "f00"},
        "models": {name: {"parameters": 22_700_000, "speed": speed} for name in MODELS},
        "sets": {"test": {"rows": len(gold), "of": len(gold)}},
        "suites": {
            name: {
                "kind": "INV", "expects": "the same answer", "about": name, "trained_by": [],
                "severities": ["10 %", "25 %", "50 %"],
            }
            for name in SUITES
        },
        "bought": {"student": "student", "baseline": "kd-real", "under": []},
        "results": results,
        "differences": [{**where, **one} for one in figures.differences(TASK, right, right)],
        "slices": [
            {"by": "label", "slice": label, "model": model,
             **figures.of_slice(TASK, scores, gold, rows)}
            for label, rows in places.items()
            for model, scores in clean.items()
        ],
        "people": [],
        "examples": [],
    }  # fmt: skip
