"""Gold entities as files have them: as spans of a text, or as a tag for each of its words."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import regex

from mashbill.models.tasks.iob import tag_names
from mashbill.models.tasks.names import BadLabel, LabelParser
from mashbill.models.tasks.tag_schemes import BadTag, Scheme, entities_in
from mashbill.models.tasks.words import word_bounds

Span = dict[str, int]
Bounds = Sequence[tuple[int, int]]  # of words in a text, in code points

NAMES = {  # as spaCy, Doccano and the pipelines of transformers write them
    "start": ("start", "start_offset"),
    "end": ("end", "end_offset"),
    "label": ("label", "type", "entity_group"),
}


class SpanParser:
    """What a field says, as a value of the column `label`: sorted spans, apart from each other.

    Args:
        types: names of the types of entities.
        class_names: of the file, of types or of tags, which its numbers stand for.
    """

    def __init__(self, types: Sequence[str], class_names: Sequence[str] = ()):
        self._type = LabelParser(types, () if "O" in class_names else class_names)
        self._named = LabelParser(types)
        self._tags = class_names if "O" in class_names else tag_names(types)

    def __call__(self, value: Any) -> list[Span] | None:
        """Spans as objects, or as lists of start, end and label; None for no label.

        Raises:
            BadLabel: one is none, or two overlap.
        """
        if value is None or value != value:
            return None
        if not isinstance(value, list):
            raise BadLabel(f"the label is {type(value).__name__}, not a list of spans")
        spans = sorted(map(self._span, value), key=lambda span: (span["start"], span["end"]))
        for before, span in pairwise(spans):
            if span["start"] < before["end"]:
                raise BadLabel(
                    f"the spans {_shown(before)} and {_shown(span)} {_how(before, span)}"
                )
        return spans

    def of_words(
        self, value: Any, bounds: Bounds, scheme: Scheme | Literal["auto"] = "auto"
    ) -> list[Span] | None:
        """Entities by the tags of words, whose places in the text are `bounds`.

        Raises:
            BadTag: a tag is none, is of an unknown type, or is not where its scheme has it.
            BadLabel: there are more or fewer tags than words.
        """
        if value is None:
            return None
        if not isinstance(value, list):
            raise BadLabel(f"the label is {type(value).__name__}, not a list of tags")
        if len(value) != len(bounds):
            raise BadLabel(f"{len(bounds)} words, but {len(value)} tags")
        tags = [self._tag(tag, word) for word, tag in enumerate(value)]
        spans = []
        for first, last, name in entities_in(tags, scheme):
            try:
                kind = self._named(name)
            except BadLabel as error:
                raise BadTag(f"word {first + 1}: {error}", first) from None
            spans.append({"start": bounds[first][0], "end": bounds[last - 1][1], "label": kind})
        return spans

    def _span(self, value: Any) -> Span:
        start, end, label = _parts(value)
        if any(isinstance(one, bool) or not isinstance(one, int) for one in (start, end)):
            raise BadLabel(f"{value!r:.80}: start and end are whole numbers, in characters")
        place = f"{start}-{end}"
        if start < 0:
            raise BadLabel(f"the span {place} begins before the text")
        if start >= end:
            what = "empty" if start == end else "reversed"
            raise BadLabel(f"the span {place} is {what}: `end` is the place after it")
        kind = self._type(label)
        if kind is None:
            raise BadLabel(f"the span {place} has no label")
        return {"start": start, "end": end, "label": kind}

    def _tag(self, value: Any, word: int) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            if not 0 <= value < len(self._tags):
                raise BadTag(
                    f"word {word + 1}: {value} is not one of the {len(self._tags)} tags", word
                )
            return self._tags[value]
        if not isinstance(value, str):
            what = "null" if value is None else type(value).__name__
            raise BadTag(f"word {word + 1}: the tag is {what}", word)
        return value.strip()


def check_spans(spans: Sequence[Span], text: str) -> None:
    """Whether each begins and ends where something in the text does.

    Raises:
        BadLabel: one lies out of bounds, begins or ends with white space or within a character of
            several code points; tells where its offsets would fit in bytes.
    """
    if not spans:
        return
    borders = None if text.isascii() and "\r" not in text else _clusters(text)
    for span in spans:
        start, end = span["start"], span["end"]
        hint = _fits_in_bytes(text, start, end)
        if end > len(text):
            raise BadLabel(f"the span {_shown(span)} ends after the {len(text)} characters{hint}")
        mention = text[start:end]
        if mention != mention.strip():
            raise BadLabel(
                f"the span {_shown(span)}, {mention!r:.80}, begins or ends with white space{hint}"
            )
        if borders is not None and not {start, end} <= borders:
            raise BadLabel(
                f"the span {_shown(span)}, {mention!r:.80}, splits a character that is made of "
                f"several code points{hint}"
            )
        if hint and not _is_of_words(text, start, end):
            raise BadLabel(f"the span {_shown(span)}, {mention!r:.80}, splits a word{hint}")


def _parts(value: Any) -> tuple[Any, Any, Any]:
    if isinstance(value, list | tuple) and len(value) == 3:
        return tuple(value)
    if isinstance(value, Mapping):
        values = [next((value[n] for n in names if n in value), None) for names in NAMES.values()]
        if values[0] is not None and values[1] is not None:
            return tuple(values)
    raise BadLabel(f"{value!r:.80} is not a span: it needs start, end and label")


def _clusters(text: str) -> set[int]:
    """Where characters begin and end as a reader sees them."""
    return {0, *(match.end() for match in regex.finditer(r"\X", text))}


def _fits_in_bytes(text: str, start: int, end: int) -> str:
    """What to say of offsets that make whole words if they count bytes."""
    data = text.encode()
    if len(data) == len(text) or end > len(data):
        return ""
    try:
        first, last = len(data[:start].decode()), len(data[:end].decode())
    except UnicodeDecodeError:
        return ""
    if (first, last) == (start, end) or not _is_of_words(text, first, last):
        return ""
    return f"; in bytes it would be {text[first:last]!r:.80}: offsets count characters"


def _is_of_words(text: str, start: int, end: int) -> bool:
    """Whether words begin and end there."""
    bounds = word_bounds(text)
    return start in {first for first, _ in bounds} and end in {last for _, last in bounds}


def _shown(span: Span) -> str:
    return f"{span['start']}-{span['end']}"


def _how(before: Span, span: Span) -> str:
    if before == span:
        return "are the same"
    inside = span["end"] <= before["end"] or span["start"] == before["start"]
    return "are nested" if inside else "overlap"
