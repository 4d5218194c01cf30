"""Figures and thresholds of labels of which any number may hold."""

import numpy as np


def ranking_precision(scores: np.ndarray, gold: np.ndarray) -> float:
    """Mean, over the labels of each row, of the share of labels ranked as high that are right."""
    some = gold.any(axis=1)
    if not some.any():
        return 1.0
    scores, gold = scores[some], gold[some]
    above = scores[:, None, :] >= scores[:, :, None]  # [n, label, others]
    rank = above.sum(axis=2)
    right = (above & (gold == 1)[:, None, :]).sum(axis=2)
    return float(((right / rank * gold).sum(axis=1) / gold.sum(axis=1)).mean())


def best_threshold(scores: np.ndarray, gold: np.ndarray) -> float:
    """Halfway between the two probabilities between which F1 is highest."""
    if not gold.any():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(gold[order])
    f1 = 2 * hits / (np.arange(1, len(gold) + 1) + gold.sum())
    ends = np.append(ranked[:-1] > ranked[1:], True)  # equal ones are given together or not at all
    best = int(np.argmax(np.where(ends, f1, -1)))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)
