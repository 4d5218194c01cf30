"""Augmenters made of augmenters."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, SerializeAsAny, model_validator

from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.references import ModelRef
from mashbill.transforms.augmenters import draws
from mashbill.transforms.augmenters.base import Augmenter, Request
from mashbill.transforms.augmenters.edits import Composed, Variant, unchanged
from mashbill.transforms.augmenters.labels import after_step
from mashbill.transforms.augmenters.rng import MASK
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.languages.base import Language


class Combinator(Augmenter):
    """Common to all: what holds of a part holds of the whole.

    `registry.parse` makes the parts of what a recipe says.
    """

    of: tuple[SerializeAsAny[Augmenter], ...] = Field(
        min_length=1, description="augmenters: names, or mappings with parameters"
    )

    @property
    def uses_model(self) -> bool:  # type: ignore[override]
        return any(part.uses_model for part in self.of)

    @property
    def needs_statistics(self) -> bool:  # type: ignore[override]
        return any(part.needs_statistics for part in self.of)

    @property
    def refuses(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(dict.fromkeys(reason for part in self.of for reason in part.refuses))

    @property
    def uses_entities(self) -> bool:
        return any(part.uses_entities for part in self.of)

    @property
    def label(self) -> str:
        return f"{self.name}({'+'.join(part.label for part in self.of)})"

    @property
    def forward_seconds(self) -> float:
        return sum(part.forward_seconds for part in self.of)

    def spent(self) -> Counter[str]:
        return sum((part.spent() for part in self.of), start=Counter())

    def with_labels(self, names: Sequence[str]) -> Self:
        parts = tuple(part.with_labels(names) for part in self.of)
        return self.model_copy(update={"of": parts})

    def needs(self) -> list[ModelRef]:
        return [model for part in self.of for model in part.needs()]

    def endpoints(self) -> list[Endpoint]:
        return [endpoint for part in self.of for endpoint in part.endpoints()]

    def reads(self) -> list[str]:
        return [path for part in self.of for path in part.reads()]

    def packages(self) -> list[str]:
        return [package for part in self.of for package in part.packages()]

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

    def variants(self, request: Request) -> list[Variant]:
        steps: list[list[Variant]] = []
        latest, seeds, labels = request
        for number, part in enumerate(self.of):
            own_seeds = _seeds(seeds, f"chain {number}").tolist()
            steps.append(part.variants(Request(latest, own_seeds, labels)))
            labels = after_step(labels, latest, steps[-1])
            latest = [variant.text for variant in steps[-1]]
        origin = Composed(request.texts, steps)
        return [Variant(text, origin, row) for row, text in enumerate(latest)]


class OneOf(Combinator):
    """One of several augmenters, drawn for each variant."""

    name: ClassVar[str] = "one_of"

    weights: tuple[Annotated[float, Field(gt=0)], ...] | None = Field(
        None, description="relative frequency of each; default: all the same"
    )

    @model_validator(mode="after")
    def _weight_for_each(self) -> Self:
        if self.weights is not None and len(self.weights) != len(self.of):
            raise ValueError(f"{len(self.weights)} weights for {len(self.of)} augmenters")
        return self

    def variants(self, request: Request) -> list[Variant]:
        variants = unchanged(request.texts)
        for part, rows in self._drawn(request.seeds):
            _put(variants, rows, part, request)
        return variants

    def _drawn(self, seeds: Sequence[int]) -> Iterator[tuple[Augmenter, list[int]]]:
        """Each part, and the rows that it was drawn for."""
        bounds = np.cumsum(self.weights or [1.0] * len(self.of))
        drawn = draws.unit(_seeds(seeds, "one_of")) * bounds[-1]
        which = np.minimum(np.searchsorted(bounds, drawn, "right"), len(self.of) - 1)
        for number, part in enumerate(self.of):
            yield part, np.flatnonzero(which == number).tolist()


class Sometimes(Combinator):
    """The augmenters in turn, as in `chain`, but only for a share of the variants."""

    name: ClassVar[str] = "sometimes"

    probability: float = Field(0.5, ge=0, le=1, description="share of the texts that are changed")

    def variants(self, request: Request) -> list[Variant]:
        variants = unchanged(request.texts)
        _put(variants, self._taken(request.seeds), Chain(of=self.of), request)
        return variants

    def _taken(self, seeds: Sequence[int]) -> list[int]:
        drawn = draws.unit(_seeds(seeds, "sometimes"))
        return np.flatnonzero(drawn < self.probability).tolist()


def _put(variants: list[Variant], rows: list[int], part: Augmenter, request: Request) -> None:
    """Puts what a part makes of some of the rows in their places."""
    own = part.variants(request.of(rows))
    for row, variant in zip(rows, own, strict=True):
        variants[row] = variant


def _seeds(seeds: Sequence[int], purpose: str) -> np.ndarray:
    numbers = np.fromiter((seed & MASK for seed in seeds), np.uint64, len(seeds))
    return draws.bits(numbers, np.arange(len(seeds)), np.zeros(len(seeds), np.int64), purpose)
