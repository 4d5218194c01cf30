"""Answers of a rewriter that are not taken, and why."""

from collections.abc import Sequence
from typing import NamedTuple

from mashbill.transforms.augmenters.edits import Edit, Rewritten, Variant


class Refused(NamedTuple):
    """Where variants come from that are the texts as they were. Attributes: `reasons`, by row."""

    reasons: Sequence[str | None]

    def edits_of(self, row: int) -> list[Edit]:
        del row
        return []


def guarded(
    texts: Sequence[str], answers: Sequence[str], reasons: Sequence[str | None]
) -> list[Variant]:
    """The answers as variants; where there is a reason against one, the text as it is."""
    refused, taken = Refused(reasons), Rewritten()
    return [
        Variant(answer, taken, row) if reason is None else Variant(text, refused, row)
        for row, (text, answer, reason) in enumerate(zip(texts, answers, reasons, strict=True))
    ]


def refusal_of(variant: Variant | None) -> str | None:
    """Why the answer behind a variant was refused; None where it was not."""
    if variant is None or not isinstance(variant.origin, Refused):
        return None
    return variant.origin.reasons[variant.row]
