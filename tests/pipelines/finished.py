"""A small finished data set, in which every text, label and name tries to be HTML."""

import json
from pathlib import Path

import pyarrow as pa

from tests.transforms.batches import sources, with_variants
from transforms.annotate import TeacherFilter
from transforms.layout import features, parquet_schema
from transforms.ledger import Reject, rejects_batch
from transforms.write import WriteShard

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
    logits = pa.array([[0.0, 1.0]] * batch.num_rows, pa.list_(pa.float32(), 2))
    stage = TeacherFilter(teacher_agrees=False, min_confidence=0, weight="uniform")
    rows = stage.run(batch.append_column("teacher_logits", logits)).batch
    rejects = rejects_batch(
        [
            Reject("read", f"broken {HOSTILE}", {"file": HOSTILE, "line": i}, {"line": HOSTILE})
            for i in range(5)
        ]
    )
    schema = parquet_schema(features(LABELS, pairs=False, similarity=False), {})
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
            "by_augmenter": {"test.made": {"variants": 62}},
        },
        "filter": {"in": 95, "dropped": {HOSTILE: 31}, "out": 64},
        "write": {"train": 62, "test": 2, "rejects": 5},
    },
    "timings": {"seconds": {"annotate": 1.5}},
    "rejects": {"read": {f"broken {HOSTILE}": 5}},
}
