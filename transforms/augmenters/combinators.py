"""Augmenters made of augmenters."""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator

from mashbill.models.references import ModelRef
from mashbill.transforms.augmenters import draws
from mashbill.transforms.augmenters.base import Augmenter, Edit, apply, compose
from mashbill.transforms.augmenters.rng import MASK
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.languages.base import Language


def _built(spec: Any) -> Augmenter:
    from mashbill.transforms.augmenters.registry import parse  # which knows this module

    return parse(spec)


Part = Annotated[SerializeAsAny[Augmenter], BeforeValidator(_built)]


class Combinator(Augmenter):
    """Common to all: what holds of a part holds of the whole."""

    of: tuple[Part, ...] = Field(min_length=1, description="augmenters: names, or with parameters")

    @property
    def uses_model(self) -> bool:  # type: ignore[override]
        return any(part.uses_model for part in self.of)

    @property
    def needs_statistics(self) -> bool:  # type: ignore[override]
        return any(part.needs_statistics for part in self.of)

    @property
    def label(self) -> str:
        return f"{self.name}({'+'.join(part.label for part in self.of)})"

    @property
    def forward_seconds(self) -> float:
        return sum(part.forward_seconds for part in self.of)

    def needs(self) -> list[ModelRef]:
        return [model for part in self.of for model in part.needs()]

    def load(self) -> None:
        for part in self.of:
            part.load()

    def in_language(self, name: str) -> Self:
        parts = tuple(part.in_language(name) for part in self.of)
        return super().in_language(name).model_copy(update={"of": parts})

    def misses(self, known: Language) -> str | None:
        return next(filter(None, (part.misses(known) for part in self.of)), None)

    def with_statistics(self, statistics: Statistics) -> Augmenter:
        parts = tuple(part.with_statistics(statistics) for part in self.of)
        return self.model_copy(update={"of": parts})


class Chain(Combinator):
    """One augmenter after the other."""

    name: ClassVar[str] = "chain"

    def augment_batch(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        labels: Sequence[int | None] | None = None,
    ) -> list[list[Edit]]:
        made: list[list[Edit]] = [[] for _ in texts]
        now = list(texts)
        for step, part in enumerate(self.of):
            edits = part.augment_batch(now, _seeds(seeds, f"chain {step}").tolist(), labels)
            pairs = list(zip(texts, made, edits, strict=True))
            made = [compose(text, before, after) for text, before, after in pairs]
            now = [apply(text, done) for text, done in zip(texts, made, strict=True)]
        return made

    def variants_batch(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        labels: Sequence[int | None] | None = None,
    ) -> list[str]:
        now = list(texts)
        for step, part in enumerate(self.of):
            now = part.variants_batch(now, _seeds(seeds, f"chain {step}").tolist(), labels)
        return now


class OneOf(Combinator):
    """One of several augmenters, drawn for each variant."""

    name: ClassVar[str] = "one_of"

    weights: tuple[Annotated[float, Field(gt=0)], ...] | None = Field(
        None, description="how often each is drawn, in proportion; all alike by default"
    )

    @model_validator(mode="after")
    def _weight_for_each(self) -> Self:
        if self.weights is not None and len(self.weights) != len(self.of):
            raise ValueError(f"{len(self.weights)} weights for {len(self.of)} augmenters")
        return self

    def augment_batch(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        labels: Sequence[int | None] | None = None,
    ) -> list[list[Edit]]:
        made: list[list[Edit]] = [[] for _ in texts]
        for part, rows in self._drawn(seeds):
            _put(made, rows, _of(part.augment_batch, rows, texts, seeds, labels))
        return made

    def variants_batch(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        labels: Sequence[int | None] | None = None,
    ) -> list[str]:
        made = list(texts)
        for part, rows in self._drawn(seeds):
            _put(made, rows, _of(part.variants_batch, rows, texts, seeds, labels))
        return made

    def _drawn(self, seeds: Sequence[int]) -> Iterator[tuple[Augmenter, list[int]]]:
        """Each part, and the rows that it was drawn for."""
        bounds = np.cumsum(self.weights or [1.0] * len(self.of))
        drawn = _uniforms(seeds, "one_of") * bounds[-1]
        which = np.minimum(np.searchsorted(bounds, drawn, "right"), len(self.of) - 1)
        for number, part in enumerate(self.of):
            yield part, np.flatnonzero(which == number).tolist()


class Sometimes(Combinator):
    """The augmenters in turn, as in `chain`, but only for a share of the variants."""

    name: ClassVar[str] = "sometimes"

    probability: float = Field(0.5, ge=0, le=1, description="share of the variants")

    def augment_batch(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        labels: Sequence[int | None] | None = None,
    ) -> list[list[Edit]]:
        made: list[list[Edit]] = [[] for _ in texts]
        rows = self._taken(seeds)
        _put(made, rows, _of(Chain(of=self.of).augment_batch, rows, texts, seeds, labels))
        return made

    def variants_batch(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        labels: Sequence[int | None] | None = None,
    ) -> list[str]:
        made = list(texts)
        rows = self._taken(seeds)
        _put(made, rows, _of(Chain(of=self.of).variants_batch, rows, texts, seeds, labels))
        return made

    def _taken(self, seeds: Sequence[int]) -> list[int]:
        return np.flatnonzero(_uniforms(seeds, "sometimes") < self.probability).tolist()


def _of(call: Callable[..., list], rows: list[int], texts, seeds, labels) -> list:
    """What a part answers for some of the rows."""
    some = labels and [labels[row] for row in rows]
    return call([texts[row] for row in rows], [seeds[row] for row in rows], some)


def _put(made: list, rows: list[int], answers: list) -> None:
    for row, answer in zip(rows, answers, strict=True):
        made[row] = answer


def _seeds(seeds: Sequence[int], purpose: str) -> np.ndarray:
    numbers = np.fromiter((seed & MASK for seed in seeds), np.uint64, len(seeds))
    return draws.bits(numbers, np.arange(len(seeds)), np.zeros(len(seeds), np.int64), purpose)


def _uniforms(seeds: Sequence[int], purpose: str) -> np.ndarray:
    return (_seeds(seeds, purpose) >> np.uint64(11)) * 2.0**-53
