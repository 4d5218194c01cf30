"""What a variant must hold to stay, and how much a row weighs."""

from typing import Literal

from pydantic import Field, model_validator

from mashbill.models.settings import Fraction, Path, Section
from mashbill.transforms.filters.base import Filter
from mashbill.transforms.filters.confidence import MinConfidence
from mashbill.transforms.filters.similarity import MinSimilarity
from mashbill.transforms.filters.synthetic import MaxSynthetic
from mashbill.transforms.filters.teacher_agrees import TeacherAgrees


class Filtering(Section):
    """What a variant must hold to stay, in short, and the weight of rows; see `filters`."""

    min_similarity: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="short for the filter `similarity`: smallest cosine to the source",
    )
    similarity_model: Path | None = Field(
        None, description="sentence encoder; adds the column `similarity`"
    )
    discriminator: bool = Field(False, description="add the column `synthetic`")
    max_synthetic: Fraction | None = Field(
        None, description="short for the filter `synthetic`: largest probability of being synthetic"
    )
    teacher_agrees: bool = Field(False, description="short for the filter `teacher_agrees`")
    min_confidence: Fraction = Field(
        0.0, description="short for the filter `confidence`: smallest confidence of the teacher"
    )
    weight: Literal["uniform", "similarity", "confidence"] = Field(
        "uniform", description="training weight of a row"
    )

    @model_validator(mode="after")
    def _similarity_needs_a_model(self):
        if self.min_similarity is not None and self.similarity_model is None:
            raise ValueError("min_similarity needs similarity_model, a sentence encoder")
        if self.max_synthetic is not None and self.similarity_model is None:
            raise ValueError("max_synthetic needs similarity_model, a sentence encoder")
        return self

    def filters(self) -> list[Filter]:
        """In full."""
        filters: list[Filter] = []
        if self.min_similarity is not None:
            filters.append(MinSimilarity(model=self.similarity_model, minimum=self.min_similarity))
        if self.max_synthetic is not None:
            filters.append(MaxSynthetic(model=self.similarity_model, maximum=self.max_synthetic))
        if self.teacher_agrees:
            filters.append(TeacherAgrees())
        if self.min_confidence:
            filters.append(MinConfidence(minimum=self.min_confidence))
        return filters
