"""A small finished data set, in which every text, label and name tries to be HTML."""

import json
from pathlib import Path

import pyarrow as pa

from mashbill.models.tasks.registry import single
from mashbill.models.tasks.single import Single
from mashbill.pipelines.report import EVALUATION_VERSION
from mashbill.transforms.annotate import TeacherFilter
from mashbill.transforms.layout import features, parquet_schema
from mashbill.transforms.ledger import Reject, rejects_batch
from mashbill.transforms.write import WriteShard
from tests.transforms.batches import sources, with_variants
from tests.transforms.columns import WITH_SIMILARITY

HOSTILE = "<script>alert('&')</script>"
LABELS = ["bad", HOSTILE]
SOURCES = 31


def finished(out: Path) -> Path:
    """31 labelled train sources with a variant each, 2 unlabelled test sources, 5 rejects."""
    texts = [f"a good film {HOSTILE}", *map(str, range(SOURCES - 1))]
    train = with_variants(
        sources(*texts, labels=[1] * SOURCES), {text: [f"{text}!"] for text in texts}
    )
    test = sources("one", "two", split="test", corpus=HOSTILE)
    batch = pa.concat_batches([train, test])
    # the teacher is wrong of the variant of "0", which is the least like its source
    wrong = [text == "0!" for text in batch["text"].to_pylist()]
    logits = [[1.0, 0.0] if one else [0.0, 1.0] for one in wrong]
    similar = [
        None if text[-1] != "!" else 0.1 if one else 0.9
        for text, one in zip(batch["text"].to_pylist(), wrong, strict=True)
    ]
    batch = batch.append_column("similarity", pa.array(similar, pa.float32()))
    batch = batch.append_column("teacher_logits", pa.array(logits, pa.list_(pa.float32(), 2)))
    stage = TeacherFilter(single(LABELS), "uniform")
    rows = stage.run(batch).batch
    rejects = rejects_batch(
        [
            Reject("read", f"broken {HOSTILE}", {"file": HOSTILE, "line": i}, {"line": HOSTILE})
            for i in range(5)
        ]
    )
    schema = parquet_schema(features(single(LABELS), WITH_SIMILARITY), {})
    list(WriteShard(str(out), 1, schema).process((0, [rows, rejects])))
    (out / "run.json").write_text(json.dumps(RUN))
    return out


RUN = {
    "fingerprint": "f00",
    "seed": 7,
    "labels": LABELS,
    "teacher": {"model": HOSTILE},
    "versions": {"torch": "2"},
    "recipe": {"output": {"path": HOSTILE}, "augment": {"splits": ["train"]}},
    "counts": {
        "read": {"rows": 40, "blank": 2, "rejected": 5, "out": 33},
        "augment": {
            "in": 33,
            "variants": 62,
            "out": 95,
            "by_augmenter": {"test.made": {"drawn": 62, "variants": 62}},
        },
        "filter": {
            "in": 95,
            "dropped": {HOSTILE: 31},
            "out": 64,
            "by_augmenter": {
                "none": {"in": 33},
                "test.made": {"in": 62, "judged": 62, "label_kept": 40, "dropped": {HOSTILE: 31}},
            },
        },
        "write": {
            "train": 62,
            "test": 2,
            "rejects": 5,
            "by_augmenter": {"none": {"rows": 33}, "test.made": {"rows": 31}},
        },
    },
    "timings": {"seconds": {"annotate": 1.5}},
    "rejects": {"read": {f"broken {HOSTILE}": 5}},
}


def _with_interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def _result(model: str, suite: str, level: int, value: float) -> dict:
    interval = {"value": value, "low": value - 0.1, "high": value + 0.1}
    found = {
        "set": "test",
        "suite": suite,
        "level": level,
        "model": model,
        "rows": 10,
        **dict.fromkeys(Single.figures, interval),
        "accuracy": interval,
        "agreement": interval,
        "confusion": [[4, 1], [2, 3]],
    }
    if level == 0:
        found["ece_if_calibrated"] = interval
        found["calibration"] = {"rows": [4, 6], "confidence": [0.6, 0.9], "accuracy": [0.5, 0.8],
                                "low": [0.2, 0.5], "high": [0.8, 1.0]}  # fmt: skip
    return found


EVALUATION = {
    "version": EVALUATION_VERSION,
    "measure": Single.measure._asdict(),
    "figures": dict(Single.figures),
    "labels": LABELS,
    "data": {"path": HOSTILE, "fingerprint": "f00"},
    "models": {
        name: {
            "parameters": 7,
            "speed": {"p50_ms": 2.0, "p95_ms": 3.0, "rows_per_second": 400.0},
        }
        for name in ("teacher", HOSTILE)
    },
    "sets": {"test": {"rows": 10, "of": 12}},
    "suites": {
        HOSTILE: {
            "kind": "INV",
            "expects": "x",
            "about": HOSTILE,
            "trained_by": [],
            "severities": ["10 %", HOSTILE],
        }
    },
    "bought": {
        "student": "student",
        "baseline": "kd-real",
        "under": [
            {
                "under": under,
                "suites": suites,
                "student": {"value": 0.8, "low": 0.7, "high": 0.9},
                "baseline": {"value": 0.75, "low": 0.65, "high": 0.85},
                "difference": {"value": 0.05, "low": low, "high": 0.12},
            }
            for under, suites, low in (("clean", [], -0.02), ("unseen", [HOSTILE], 0.01))
        ],
    },
    "likeness": [
        {
            "model": HOSTILE,
            "rows": 10,
            "agreement": _with_interval(0.9),
            "by_confidence": [
                {"low": 0.5, "high": 0.6, "rows": 4, "agreement": _with_interval(0.5)},
                {"low": 0.99, "high": 1.0, "rows": 6, "agreement": _with_interval(1.0)},
            ],
            "differing": {"rows": 1, "teacher": _with_interval(0.5), "model": _with_interval(0.4)},
            "above_ceiling": {"value": -0.036, "low": -0.05, "high": -0.02},
        }
    ],
    "spelling": [
        {
            "model": HOSTILE,
            "words": 1234,
            "rows": 10,
            "changed": _with_interval(0.3),
            "gained": {"value": -0.01, "low": -0.02, "high": 0.0},
            "speed": {"p50_ms": 0.25, "p95_ms": 0.5},
        }
    ],
    "cascades": [
        {
            "model": HOSTILE,
            "rows": {"validation": 8, "test": 10},
            "promises": [
                {
                    "agreement": 0.95,
                    "confidence": confidence,
                    "share": 0.5,
                    "test": {
                        key: {"value": 0.5, "low": 0.4, "high": 0.6}
                        for key in ("share", "agreement", "accuracy")
                    },
                    "kept": False,
                    "cost": {"latency": 0.5, "seconds": 0.6},
                }
                for confidence in (0.8, None)
            ],
            "curve": {
                split: [
                    {"share": 0.0, "confidence": None, "agreement": 1.0, "low": 0.9, "high": 1.0},
                    {"share": 1.0, "confidence": 0.0, "agreement": 0.8, "low": 0.7, "high": 0.9},
                ]
                for split in ("validation", "test")
            },
        }
    ],
    "results": [
        _result(model, suite, level, value)
        for suite, level, value in (("clean", 0, 0.8), (HOSTILE, 1, 0.7), (HOSTILE, 2, 0.5))
        for model in ("teacher", HOSTILE)
    ],
    "differences": [
        {
            "set": "test",
            "suite": "clean",
            "level": 0,
            "first": HOSTILE,
            "second": "teacher",
            "accuracy": {
                "value": 0.0,
                "low": -0.1,
                "high": 0.1,
                "p_bootstrap": 1.0,
                "p_mcnemar": 1.0,
            },
        }
    ],
    "slices": [
        {
            "by": "label",
            "slice": HOSTILE,
            "model": model,
            "rows": 5,
            "accuracy": {"value": 0.5, "low": 0.2, "high": 0.8},
        }
        for model in ("teacher", HOSTILE)
    ],
    "people": [
        {
            "model": HOSTILE,
            "rows": 9,
            "spearman": None,
            **{key: _with_interval(0.5) for key in ("kl", "pearson", "entropy")},
        }
    ],
    "examples": [{"suite": HOSTILE, "level": 1, "before": "a", "after": f"a {HOSTILE}"}],
}
