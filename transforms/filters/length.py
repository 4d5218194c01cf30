"""Texts that are too short or too long, by themselves or beside their source."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PrivateAttr, model_validator

from mashbill.models.tasks.base import Task
from mashbill.transforms.augmenters.statistics import words_of
from mashbill.transforms.examples import Split, source_places
from mashbill.transforms.filters.base import Filter
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE


class Length(Filter):
    """Drops texts that are too short or too long: sources before augmentation, variants after it.

    A pair has the length of both its texts together.
    """

    kind: Literal["length"] = Field(
        "length", description="drops texts that are too short or too long"
    )
    unit: Literal["words", "characters"] = Field("words", description="unit of the bounds")
    minimum: int | None = Field(None, ge=0, description="smallest length")
    maximum: int | None = Field(None, ge=0, description="largest length")
    min_ratio: float | None = Field(
        None, ge=0, description="smallest ratio of the length of a variant to that of its source"
    )
    max_ratio: float | None = Field(
        None, ge=0, description="largest ratio of the length of a variant to that of its source"
    )
    of: Literal["sources", "variants", "all"] = Field(
        "all", description="which rows may be dropped"
    )
    splits: tuple[Split, ...] = Field(
        ("train",), min_length=1, description="splits whose rows may be dropped"
    )

    reads: ClassVar[tuple[str, ...]] = ("text", "text_pair", "split", "source_id", "augmenter")
    reasons: ClassVar[tuple[str, ...]] = (
        "too_short",
        "too_long",
        "too_short_for_source",
        "too_long_for_source",
    )

    _language: str = PrivateAttr(DEFAULT_LANGUAGE)

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        ratios = (self.min_ratio, self.max_ratio)
        if all(bound is None for bound in (self.minimum, self.maximum, *ratios)):
            raise ValueError("needs a bound: minimum, maximum, min_ratio or max_ratio")
        for low, high in ((self.minimum, self.maximum), ratios):
            if low is not None and high is not None and low > high:
                raise ValueError(f"the lower bound {low} is above the upper bound {high}")
        if self.of == "sources" and ratios != (None, None):
            raise ValueError("min_ratio and max_ratio are for variants, but `of` is sources")
        return self

    @property
    def of_sources(self) -> bool:  # type: ignore[override]
        return self.of != "variants" and (self.minimum, self.maximum) != (None, None)

    @property
    def of_variants(self) -> bool:  # type: ignore[override]
        return self.of != "sources"

    def bound(self, language: str, task: Task) -> Self:
        copy = self.model_copy()
        copy._language = language
        return copy

    def drops(self, batch: pa.RecordBatch) -> Mapping[str, np.ndarray]:
        length = self._lengths(batch)
        of_source = _of_sources(batch, length)
        within = np.isin(batch.column("split").to_pylist(), self.splits)
        bounds = {
            "too_short": (self.minimum, np.less, 1),
            "too_long": (self.maximum, np.greater, 1),
            "too_short_for_source": (self.min_ratio, np.less, of_source),
            "too_long_for_source": (self.max_ratio, np.greater, of_source),
        }
        return {
            reason: within & outside(length, bound * times)
            for reason, (bound, outside, times) in bounds.items()
            if bound is not None
        }

    def _lengths(self, batch: pa.RecordBatch) -> np.ndarray:
        """Of each row, both texts of a pair together: int64 [rows]."""
        return sum(self._sizes(batch.column(name).to_pylist()) for name in ("text", "text_pair"))

    def _sizes(self, texts: list[str | None]) -> np.ndarray:
        there = [text or "" for text in texts]
        counted = words_of(there, self._language) if self.unit == "words" else there
        return np.fromiter(map(len, counted), np.int64, len(there))


def _of_sources(batch: pa.RecordBatch, length: np.ndarray) -> np.ndarray:
    """The length of each row's source: float64 [rows]; NaN, which no bound cuts, without one."""
    places = source_places(batch)
    return np.where(places >= 0, length[places], np.nan)
