"""What becomes of a text's label in a variant of the text."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mashbill.models.tasks.base import Lost
from mashbill.models.tasks.projection import carried, spans_of
from mashbill.transforms.augmenters.edits import Composed, Edit, Edits, Variant

Project = Callable[[Any, str, Sequence[Edit]], Any]
"""A label, a text and edits to the label of the variant, or `Lost`; see `Task.project`."""


class Relabelled(NamedTuple):
    """Variants of which the augmenter itself knows the labels."""

    edits: Edits
    labels: Sequence[Any]

    def edits_of(self, row: int) -> list[Edit]:
        return self.edits.edits_of(row)


def label_of(variant: Variant, text: str, label: Any, project: Project = carried) -> Any | Lost:
    """The label of a variant of `text`, which has the label `label`; null stays null."""
    if label is None:
        return None
    origin = variant.origin
    if isinstance(origin, Relabelled):
        return origin.labels[variant.row]
    if isinstance(origin, Composed):
        for step in origin.steps:
            label = label_of(step[variant.row], text, label, project)
            if isinstance(label, Lost):
                return label
            text = step[variant.row].text
        return label
    edits = variant.edits
    return project(label, text, [Edit(0, len(text), variant.text)] if edits is None else edits)


def relabels(variant: Variant | None) -> bool:
    """Whether an augmenter itself has decided what becomes of the label."""
    origin = None if variant is None else variant.origin
    if isinstance(origin, Composed):
        return any(relabels(step[variant.row]) for step in origin.steps)
    return isinstance(origin, Relabelled)


def after_step(
    labels: Sequence[Any] | None, texts: Sequence[str], variants: Sequence[Variant]
) -> Sequence[Any] | None:
    """The labels for an augmenter that goes on with the variants; null for one that is lost."""
    if labels is None or not any(map(spans_of, labels)):
        return labels
    carried = map(label_of, variants, texts, labels)
    return [None if isinstance(label, Lost) else label for label in carried]
