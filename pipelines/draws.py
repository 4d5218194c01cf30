"""What came of each augmenter's variants, counted before any filter could drop one."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from mashbill.models.significance import share
from mashbill.pipelines.shares import with_interval
from mashbill.transforms.contract import BY_REASON, NOT_MADE


class Draws(NamedTuple):
    """What came of the copies for which an augmenter was drawn.

    Attributes:
        drawn: copies.
        lost: what was never made, by reason.
        made: variants before any filter.
        dropped: those that a filter dropped, by its name.
        judged: those that the teacher saw together with their source: all that no filter before
            it, such as `min_similarity`, had dropped.
        label_kept: of these, those that it gave the label of their source.
        written: variants in the data set.
    """

    drawn: int
    lost: dict[str, int]
    made: int
    dropped: dict[str, int]
    judged: int
    label_kept: int
    written: int


def draws(counts: Mapping[str, Any]) -> dict[str, Draws]:
    """Augmenter to what came of its draws, over all stages of `run.json`'s counts."""
    total: dict[str, Counter] = {}
    dropped: dict[str, Counter] = {}
    for stage in counts.values():
        for augmenter, counted in stage.get("by_augmenter", {}).items():
            numbers = {what: n for what, n in counted.items() if not isinstance(n, Mapping)}
            numbers |= by_reason(counted)
            total.setdefault(augmenter, Counter()).update(numbers)
            dropped.setdefault(augmenter, Counter()).update(counted.get("dropped", {}))
    return {
        augmenter: Draws(
            numbers["drawn"],
            {why: n for why, n in numbers.items() if n and why.startswith((*BY_REASON, *NOT_MADE))},
            numbers["variants"],
            dict(dropped[augmenter]),
            numbers["judged"],
            numbers["label_kept"],
            numbers["rows"],
        )
        for augmenter, numbers in total.items()
        if numbers["drawn"]
    }


def by_reason(counts: Mapping[str, Any]) -> dict[str, int]:
    """Of a stage or an augmenter, the copies whose label was lost, and the answers that were
    refused, by reason."""
    return {
        f"{name}/{why}": rows for name in BY_REASON for why, rows in counts.get(name, {}).items()
    }


def kept_shares(drawn: Mapping[str, Draws]) -> dict[str, str]:
    """Augmenter to the share of judged variants that kept their label, with its 95 % interval;
    without those of which the teacher saw none."""
    return {
        name: with_interval(share(quality.label_kept, quality.judged)._asdict())
        for name, quality in drawn.items()
        if quality.judged
    }
