"""Variants that the teacher is not sure of."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from mashbill.models.settings import Fraction
from mashbill.transforms.filters.base import Filter


class MinConfidence(Filter):
    """Drops variants for whose label the teacher's probability, at temperature 1, is smaller."""

    kind: Literal["confidence"] = Field(
        "confidence", description="drops variants of which the teacher is unsure"
    )
    minimum: Fraction = Field(
        description="smallest probability of the label that the teacher gives"
    )

    reads: ClassVar[tuple[str, ...]] = ("teacher_confidence",)
    reasons: ClassVar[tuple[str, ...]] = ("min_confidence",)

    def drops(self, batch: pa.RecordBatch) -> Mapping[str, np.ndarray]:
        return {"min_confidence": batch.column("teacher_confidence").to_numpy() < self.minimum}
