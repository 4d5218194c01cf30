"""Gold spans as a field of a file has them."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from mashbill.models.tasks.names import BadLabel, LabelParser

Span = dict[str, int]


class SpanParser:
    """A list of `{start, end, label}` to the same, sorted, with the type's index as `label`.

    Raises BadLabel for what is no span; what only the text tells is not looked at.
    """

    def __init__(self, types: tuple[str, ...]):
        self._type = LabelParser(types)

    def __call__(self, value: Any) -> list[Span] | None:
        if value is None or value != value:
            return None
        if not isinstance(value, list | tuple):
            raise BadLabel(f"the label is {type(value).__name__}, not a list of spans")
        spans = sorted(map(self._span, value), key=lambda span: (span["start"], span["end"]))
        for before, span in pairwise(spans):
            if span["start"] < before["end"]:
                raise BadLabel(
                    f"the spans {before['start']}-{before['end']} and "
                    f"{span['start']}-{span['end']} overlap"
                )
        return spans

    def _span(self, value: Any) -> Span:
        if not isinstance(value, Mapping) or not {"start", "end", "label"} <= value.keys():
            raise BadLabel(f"{value!r:.80} is no span: it needs start, end and label")
        start, end = value["start"], value["end"]
        if any(isinstance(one, bool) or not isinstance(one, int) for one in (start, end)):
            raise BadLabel(f"{value!r:.80}: start and end are whole numbers, in characters")
        if not 0 <= start < end:
            raise BadLabel(f"the span {start}-{end} is empty, reversed or out of bounds")
        label = self._type(value["label"])
        if label is None:
            raise BadLabel(f"the span {start}-{end} has no label")
        return {"start": start, "end": end, "label": label}
