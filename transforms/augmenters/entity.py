"""Named entities become others of their type; the variant has these as its own."""

import functools
import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import orjson
from pydantic import Field, PrivateAttr

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.projection import spans_of
from mashbill.transforms.augmenters import draws
from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.edits import Edit, Variant
from mashbill.transforms.augmenters.labels import Relabelled
from mashbill.transforms.augmenters.mentions import Company, Mention, Mentions, is_shouted
from mashbill.transforms.augmenters.protection import DEFAULT, MENTIONS
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics

LABELS = "labels"  # of the texts, in a batch's memo


class EntityAugmenter(TokenAugmenter):
    """Common to both: whole mentions are replaced, those that are the same text alike.

    The names come from the train split, in the casing of what they replace; `a` and `an` follow.
    """

    needs_statistics: ClassVar[bool] = True
    mends: ClassVar[bool] = True
    replaces: ClassVar[tuple[str, ...]] = (*DEFAULT, MENTIONS)

    _mentions: Mentions | None = PrivateAttr(None)

    @property
    def uses_entities(self) -> bool:
        return True

    def with_statistics(self, statistics: Statistics) -> Self:
        """A copy that draws from the mentions of this corpus.

        Raises:
            MashbillError: it has none.
        """
        if not statistics.mentions.companies:
            raise MashbillError(f"{self.name}: no text of the train split has a named entity")
        bound = self.model_copy()
        bound._mentions = statistics.mentions
        return bound

    @property
    def mentions(self) -> Mentions:
        """Raises MashbillError: there are none; see `with_statistics`."""
        if self._mentions is None:
            raise MashbillError(f"{self.name} needs the statistics of a corpus (with_statistics)")
        return self._mentions

    def batch(self, request: Request) -> TextBatch:
        batch = super().batch(request)
        batch.memo[LABELS] = request.labels or [None] * len(request.texts)
        return batch

    def sites(self, batch: TextBatch) -> Sites:
        """All mentions; each is the option of its site."""
        assert self.mentions
        rows, starts, ends, options = [], [], [], []
        offsets = batch.offsets.tolist()
        for row, label in enumerate(batch.memo[LABELS]):
            for start, end, kind in spans_of(label):
                rows.append(row)
                starts.append(offsets[row] + start)
                ends.append(offsets[row] + end)
                options.append(Mention(kind, batch.texts[row][start:end]))
        places = (np.array(column, np.int64) for column in (rows, starts, ends))
        return Sites(*places, options)

    def chosen(self, batch: TextBatch, sites: Sites) -> Sites:
        numbers = self._uniforms(batch, sites, "place")
        rows, texts = sites.rows, len(batch.texts)
        rates = self.rates(batch, rows)
        taken = draws.choose(numbers, rows, texts, rates, self.min_edits, self.max_edits)
        return sites.take(np.flatnonzero(taken))

    def _uniforms(self, batch: TextBatch, sites: Sites, what: str) -> np.ndarray:
        """Float64 in [0, 1) per site; the same for mentions of a text that are the same."""
        keys = [zlib.crc32(f"{label} {text}".encode()) for label, text in sites.options]
        stream = f"{self.name} {what}"
        bits = draws.bits(batch.seeds, sites.rows, np.array(keys, np.int64), stream)
        return draws.unit(bits)

    def variants(self, request: Request) -> list[Variant]:
        edits = self.columns(request)
        labels = request.labels or [None] * len(request.texts)
        moved = [_moved(label, edits.edits_of(row)) for row, label in enumerate(labels)]
        origin = Relabelled(edits, moved)
        texts = edits.applied(request.texts)
        return [Variant(text, origin, row) for row, text in enumerate(texts)]


def _moved(label: Any, edits: Sequence[Edit]) -> Any:
    """The entities behind edits that replace whole ones, or stand outside of them."""
    if label is None or not edits:
        return label
    spans = []
    for start, end, kind in spans_of(label):
        before = sum(_growth(edit) for edit in edits if edit.end <= start)
        inside = sum(_growth(edit) for edit in edits if start <= edit.start and edit.end <= end)
        spans.append({"start": start + before, "end": end + before + inside, "label": kind})
    return spans


def _growth(edit: Edit) -> int:
    return len(edit.replacement) - (edit.end - edit.start)


class Replace(EntityAugmenter):
    """Mentions of named entities become others of their type, from the train split or a list."""

    name: ClassVar[str] = "entity.replace"
    source: ClassVar[str] = "Dai & Adel 2020, An Analysis of Simple Data Augmentation for NER"
    file_parameters: ClassVar[tuple[str, ...]] = ("gazetteer",)

    rate: Rate = 0.5
    gazetteer: str | None = Field(
        None,
        description="file of names to draw from: lines of type, tab and name, or JSON lines with "
        "`label` and `text`; types that it lacks are drawn from the train split",
    )

    def load(self) -> None:
        if self.gazetteer is not None:
            _read_gazetteer(self.gazetteer)

    def with_statistics(self, statistics: Statistics) -> Self:
        bound = super().with_statistics(statistics) if statistics.mentions.companies else None
        if self.gazetteer is None:
            return bound or super().with_statistics(statistics)
        bound = bound or self.model_copy()
        types = statistics.mentions.types
        unknown = sorted(_read_gazetteer(self.gazetteer).keys() - set(types))
        if unknown:
            raise MashbillError(
                f"{self.name}: {self.gazetteer}: {unknown[0]!r} is none of the labels: "
                f"{', '.join(types)}"
            )
        bound._mentions = statistics.mentions
        return bound

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        names = self._names()
        numbers = self._uniforms(batch, sites, "name").tolist()
        rows = sites.rows.tolist()
        return [
            _drawn(names.get(old.label, ()), old.text, number, batch.texts[row])
            for old, number, row in zip(sites.options, numbers, rows, strict=True)
        ]

    def _names(self) -> Mapping[int, Sequence[str]]:
        mentions = self.mentions
        if self.gazetteer is None:
            return mentions.by_type
        listed = _read_gazetteer(self.gazetteer)
        own = {mentions.types.index(kind): names for kind, names in listed.items()}
        return {**mentions.by_type, **own}


def _drawn(names: Sequence[str], old: str, number: float, text: str) -> str | None:
    """A name other than the old one, in the casing that it has in the text."""
    if not names:
        return None
    place = int(number * len(names))
    for name in (names[place], names[(place + 1) % len(names)]):
        if name.casefold() != old.casefold():
            return cased(name, old, text)
    return None


def cased(name: str, old: str, text: str) -> str:
    """The name as the old one is written: in capitals, in small letters, or as it is known."""
    if old.isupper() and (is_shouted(old) or text.isupper()):
        return name.upper()
    if old.islower():
        return name.lower()
    return name


class SwapContext(EntityAugmenter):
    """The mentions of a text become those of another text, type by type and in their order."""

    name: ClassVar[str] = "entity.swap_context"
    source: ClassVar[str] = "as entity.replace, with names that stand together elsewhere"

    rate: Rate = 1.0

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        bounds = np.flatnonzero(np.diff(sites.rows, prepend=-1, append=-1)).tolist()
        firsts = np.array(bounds[:-1], np.int64)
        numbers = self._uniforms(batch, sites.take(firsts), "partner").tolist()
        rows = sites.rows.tolist()
        chosen: list[str | None] = []
        for (first, last), number in zip(pairwise(bounds), numbers, strict=True):
            own = list(dict.fromkeys(sites.options[first:last]))
            partner = self._partner(own, number)
            new = _exchanged(own, partner)
            text = batch.texts[rows[first]]
            for old in sites.options[first:last]:
                name = new.get(old)
                chosen.append(None if name is None else cased(name, old.text, text))
        return chosen

    def _partner(self, own: Sequence[Mention], number: float) -> Company:
        """The mentions of another text that has one of the type of the first."""
        others = self.mentions.companies_with.get(own[0].label, ())
        place = int(number * len(others))
        for shift in range(min(2, len(others))):
            if set(other := others[(place + shift) % len(others)]) != set(own):
                return other
        return ()


def _exchanged(own: Sequence[Mention], partner: Sequence[Mention]) -> dict[Mention, str]:
    """For the first, second, … of each type the partner's first, second, …, as far as there are."""
    left: dict[int, list[str]] = {}
    for label, text in partner:
        left.setdefault(label, []).append(text)
    return {one: left[one.label].pop(0) for one in own if left.get(one.label)}


@functools.lru_cache(maxsize=8)
def _read_gazetteer(path: str) -> Mapping[str, Sequence[str]]:
    """Type to names, each once, in order; raises MashbillError for a file or line that is none."""
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise MashbillError(f"entity.replace: {path}: {reason}") from None
    by_type: dict[str, dict[str, None]] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            kind, name = _entry(path, number, line)
            by_type.setdefault(kind, {})[name] = None
    if not by_type:
        raise MashbillError(f"entity.replace: {path}: it holds no names")
    return {kind: tuple(names) for kind, names in by_type.items()}


def _entry(path: str, number: int, line: str) -> tuple[str, str]:
    kind, _, name = line.partition("\t")
    if line.startswith("{"):
        try:
            row = orjson.loads(line)
            kind, name = row.get("label"), row.get("text")
        except orjson.JSONDecodeError:
            kind = name = ""
    if isinstance(kind, str) and isinstance(name, str) and kind.strip() and name.strip():
        return kind.strip(), name.strip()
    raise MashbillError(
        f"entity.replace: {path}, line {number}: expected a type, a tab and a name, or "
        f'{{"label": …, "text": …}}'
    )
