"""What is known of a method before any training: cheap figures that leave out the worst."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.base import Task
from mashbill.pipelines.recipe.search import Prune
from mashbill.pipelines.search.candidates import Candidate
from mashbill.pipelines.search.pool import LEVEL, Pool

GROUPS = 10  # draws of variants whose means are compared


class Proxy(NamedTuple):
    """Figures of a method's variants at all its rates.

    Attributes:
        rows: how many there are.
        labels_kept: share of which the teacher says what it says of the source.
        similarity: mean cosine to the source; None without an encoder.
        spread: standard deviation of the teacher's mean probability over draws of the variants,
            the mean over classes: Wang et al. 2022, "What Makes a 'Good' Data Augmentation in
            Knowledge Distillation", where less of it made better students.
    """

    rows: int
    labels_kept: float
    similarity: float | None
    spread: float


def proxies(pool: Pool, candidates: Sequence[Candidate], task: Task) -> dict[str, Proxy]:
    """By label; a method that has made nothing is left out."""
    names = pool.train["augmenter"].to_numpy(zero_copy_only=False)
    found = {}
    for one in candidates:
        places = np.flatnonzero((names == one.label) & pool.train[LEVEL].is_valid().to_numpy())
        if len(places):
            found[one.label] = _proxy(pool, places, task)
    return found


def _proxy(pool: Pool, places: np.ndarray, task: Task) -> Proxy:
    rows = pool.train.take(places)
    similarity = None
    if "similarity" in rows.column_names and rows["similarity"].null_count < rows.num_rows:
        similarity = float(np.nanmean(rows["similarity"].to_numpy()))
    groups = np.array([int(one[-8:], 16) for one in rows["id"].to_pylist()]) % GROUPS
    soft = task.soft(task.scores(rows["teacher_logits"]))
    means = [_mean(soft[groups == group]) for group in range(GROUPS) if (groups == group).any()]
    return Proxy(
        rows=len(places),
        labels_kept=float(pool.agrees[places].mean()),
        similarity=similarity,
        spread=float(np.std(means, axis=0).mean()),
    )


def _mean(soft: np.ndarray) -> np.ndarray:
    """Over rows; over the words of all rows, where each has some."""
    if soft.dtype == object:
        soft = np.concatenate(list(soft))
    return soft.mean(axis=0)


def pruned(
    candidates: Sequence[Candidate], found: Mapping[str, Proxy], limits: Prune
) -> dict[str, str]:
    """Why methods are left out, by label.

    Raises:
        MashbillError: all of them are.
    """
    why: dict[str, str] = {}
    for one in candidates:
        if reason := _fault(found.get(one.label), limits):
            why[one.label] = reason
    left = [one.label for one in candidates if one.label not in why]
    if not left:
        said = "; ".join(f"{label}: {reason}" for label, reason in why.items())
        raise MashbillError(f"search.prune leaves no method: {said}")
    ranked = sorted(left, key=lambda label: found[label].spread)
    for label in ranked[limits.most :]:
        why[label] = f"spread of {found[label].spread:.4f}, more than {limits.most} others"
    return why


def _fault(proxy: Proxy | None, limits: Prune) -> str | None:
    if proxy is None:
        return "made no variant"
    if proxy.labels_kept < limits.labels_kept:
        return f"keeps {100 * proxy.labels_kept:.1f} % of the labels"
    if proxy.similarity is not None and proxy.similarity < limits.similarity:
        return f"mean similarity of {proxy.similarity:.2f}"
    return None


def as_json(found: Mapping[str, Proxy]) -> dict[str, dict[str, Any]]:
    return {label: proxy._asdict() for label, proxy in found.items()}
