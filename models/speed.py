"""How fast a model answers."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from mashbill.models.engine import Engine

ANSWERS, WARM_UP = 100, 5


def speed(model: Engine, texts: Sequence[str]) -> dict[str, float]:
    """`latency` of one text at a time, and `rows_per_second` over all different texts together."""
    unique = list(dict.fromkeys(texts))
    alone = latency(lambda text: model.logits([text]), unique)
    return {**alone, "rows_per_second": len(unique) / _seconds(model.logits, unique)}


def latency(answer: Callable[[str], object], texts: Sequence[str]) -> dict[str, float]:
    """`p50_ms` and `p95_ms` of `ANSWERS` texts one by one, after five that are not counted."""
    wanted = ANSWERS + WARM_UP
    some = (list(texts) * (1 + wanted // len(texts)))[:wanted]
    times = [_seconds(answer, text) for text in some][WARM_UP:]
    p50, p95 = np.percentile(times, [50, 95]) * 1000
    return {"p50_ms": float(p50), "p95_ms": float(p95)}


def _seconds(call: Callable[..., object], argument: object) -> float:
    begin = time.perf_counter()
    call(argument)
    return time.perf_counter() - begin
