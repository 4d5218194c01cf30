"""Draws of which a classifier says that they keep the gold label."""

from collections.abc import Callable, Sequence

import numpy as np

from mashbill.transforms.augmenters.edits import Edit, apply

Draw = Callable[[Sequence[int], int], list[list[Edit]]]
Predict = Callable[[Sequence[str]], np.ndarray]


def keep_labels(
    texts: Sequence[str],
    labels: Sequence[int | None],
    *,
    draw: Draw,
    predict: Predict,
    draws: int,
) -> list[list[Edit]]:
    """For each text the first draw whose variant gets the text's gold label.

    A text of which no draw does so comes without edits; one that has no label takes what is drawn
    first. All first draws are judged together, then all others of the texts that lost their label:
    most keep it at once.

    Args:
        texts: to make variants of.
        labels: their gold labels.
        draw: edits of the texts with these numbers, of the n-th draw from 0.
        predict: label of each text, int [texts].
        draws: how many a text has at most.
    """
    drafts = draw(range(len(texts)), 0)

    def kept(rows: Sequence[int], edits: Sequence[list[Edit]]) -> np.ndarray:
        variants = [apply(texts[row], done) for row, done in zip(rows, edits, strict=True)]
        return predict(variants) == np.array([labels[row] for row in rows], np.int64)

    first = [row for row, label in enumerate(labels) if label is not None and drafts[row]]
    keeps = kept(first, [drafts[row] for row in first])
    lost = [row for row, fine in zip(first, keeps, strict=True) if not fine]
    for row in lost:
        drafts[row] = []
    if not lost:
        return drafts
    others = [
        (row, edits)
        for n in range(1, draws)
        for row, edits in zip(lost, draw(lost, n), strict=True)
        if edits
    ]
    keeps = kept([row for row, _ in others], [edits for _, edits in others])
    for (row, edits), fine in zip(others, keeps, strict=True):
        if fine and not drafts[row]:
            drafts[row] = edits
    return drafts
