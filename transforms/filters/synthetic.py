"""Variants that do not look like texts of the corpus."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from mashbill.models.settings import Fraction, Path
from mashbill.transforms.filters.base import Filter


class MaxSynthetic(Filter):
    """Drops variants that a small model, which learned to tell variants from sources, is surer of
    than it may be."""

    kind: Literal["synthetic"] = Field(
        "synthetic", description="drops variants that look synthetic to the discriminator"
    )
    model: Path = Field(description="a sentence encoder, whose vectors the discriminator reads")
    maximum: Fraction = Field(description="largest probability of being synthetic")

    reads: ClassVar[tuple[str, ...]] = ("synthetic",)
    reasons: ClassVar[tuple[str, ...]] = ("max_synthetic",)

    @property
    def encoder(self) -> str:
        return self.model

    def drops(self, batch: pa.RecordBatch) -> Mapping[str, np.ndarray]:
        return {"max_synthetic": batch.column("synthetic").to_numpy() > self.maximum}
