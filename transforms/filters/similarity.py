"""Variants that are too far from their source."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from mashbill.models.settings import Path
from mashbill.transforms.filters.base import Filter


class MinSimilarity(Filter):
    """Drops variants whose sentence embedding has a smaller cosine with that of their source."""

    kind: Literal["similarity"] = Field(
        "similarity", description="drops variants that are too far from their source"
    )
    model: Path = Field(description="a sentence encoder; it adds the column `similarity`")
    minimum: float = Field(
        ge=-1, le=1, description="smallest cosine of the embeddings of a variant and its source"
    )

    reads: ClassVar[tuple[str, ...]] = ("similarity",)
    reasons: ClassVar[tuple[str, ...]] = ("min_similarity",)

    @property
    def encoder(self) -> str:
        return self.model

    def drops(self, batch: pa.RecordBatch) -> Mapping[str, np.ndarray]:
        similarity = batch.column("similarity").fill_null(1.0).to_numpy(zero_copy_only=False)
        return {"min_similarity": similarity < self.minimum}
