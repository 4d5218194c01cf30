"""How fast a classifier answers."""

import time
from collections.abc import Sequence

import numpy as np

from models.classifier import Classifier

WARM_UP = 5


def speed(model: Classifier, texts: Sequence[str], answers: int = 100) -> dict[str, float]:
    """Latency of one text at a time, and rows per second of all together.

    Returns:
        p50_ms, p95_ms: of `answers` texts one by one, tokenisation included, after five that are
        not counted; rows_per_second: over texts that are all different.
    """
    unique = list(dict.fromkeys(texts))
    single = (unique * (1 + (answers + WARM_UP) // len(unique)))[: answers + WARM_UP]
    times = [_seconds(model, [text]) for text in single][WARM_UP:]
    p50, p95 = np.percentile(times, [50, 95]) * 1000
    return {
        "p50_ms": float(p50),
        "p95_ms": float(p95),
        "rows_per_second": len(unique) / _seconds(model, unique),
    }


def _seconds(model: Classifier, texts: list[str]) -> float:
    begin = time.perf_counter()
    model.logits(texts)
    return time.perf_counter() - begin
