"""What `mashbill search` may choose from."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from mashbill.models.settings import Fraction, Section
from mashbill.pipelines.recipe.augment import Method
from mashbill.pipelines.recipe.values import Suite


def _ascending(bounds: tuple) -> tuple:
    if bounds[0] > bounds[1]:
        raise ValueError("must be [low, high]")
    return bounds


_ASCENDING = AfterValidator(_ascending)
Positive = Annotated[float, Field(gt=0)]
Steps = Annotated[int, Field(ge=1)]
Cosine = Annotated[float, Field(ge=-1, le=1)]
Copies = Annotated[int, Field(ge=1, le=1000)]
Below = Annotated[float, Field(ge=0, lt=1)]


class Prune(Section):
    """Which methods the search leaves out, by what the teacher says of their variants."""

    labels_kept: Fraction = Field(
        0.5, description="smallest share of variants of which the teacher says what it says of "
        "the source"
    )  # fmt: skip
    similarity: Cosine = Field(
        -1.0, description="smallest mean cosine to the source; needs `filter.similarity_model`"
    )
    most: int = Field(
        10,
        ge=1,
        description="number of methods that stay: those with the smallest spread of the teacher's "
        "mean probability",
    )


class Search(Section):
    """Bounds of each choice; where both are the same, nothing is chosen."""

    methods: tuple[Method, ...] = Field(
        (),
        max_length=100,
        description="methods to choose from, each with a `rate` to search in, [low, high]; "
        "default: those of `augment` and `distill.data.fresh`, at half to twice their rates",
    )
    levels: int = Field(
        3, ge=1, le=9, description="rates of each method in the pool, from low to high"
    )
    variants: int = Field(
        2, ge=1, le=100, description="variants of each source by each method at each rate"
    )
    copies: Annotated[tuple[Copies, Copies], _ASCENDING] = Field(
        (1, 8), description="stored variants of each source"
    )
    fresh: Annotated[tuple[Below, Below], _ASCENDING] = Field(
        (0.0, 0.75), description="share of fresh variants, see `distill.data.fresh`"
    )
    soft_labels: tuple[Literal["row", "source"], ...] = Field(
        ("row", "source"), min_length=1, description="soft labels of a method's variants"
    )
    min_similarity: Annotated[tuple[Cosine, Cosine], _ASCENDING] = Field(
        (0.0, 0.9), description="`filter.min_similarity`; only with `filter.similarity_model`"
    )
    min_confidence: Annotated[tuple[Fraction, Fraction], _ASCENDING] = Field(
        (0.0, 0.6), description="`filter.min_confidence`"
    )
    teacher_agrees: tuple[bool, ...] = Field(
        (False, True), min_length=1, description="`filter.teacher_agrees`"
    )
    temperature: Annotated[tuple[Positive, Positive], _ASCENDING] = Field(
        (1.0, 4.0), description="`distill.objective.temperature`"
    )
    steps: Annotated[tuple[Steps, Steps], _ASCENDING] = Field(
        (200, 800), description="`distill.training.steps`"
    )
    learning_rate: Annotated[tuple[Positive, Positive], _ASCENDING] = Field(
        (1e-4, 5e-4), description="`distill.training.learning_rate`"
    )
    suites: tuple[Suite, ...] = Field(
        ("typo", "case", "contraction"),
        description="suites of noise on validation texts; the search is for the mean of the clean "
        "figure and its mean under these",
    )
    report: tuple[Suite, ...] = Field(
        (),
        description="suites that the result is tested on, which must disturb texts in other ways "
        "than `suites`; default: all that do",
    )
    rungs: int = Field(
        9, ge=1, le=100, description="evaluations of a trial, after each of which it may be pruned"
    )
    finalists: int = Field(
        3, ge=1, description="best trials that are trained from `seeds` seeds before one is chosen"
    )
    seeds: int = Field(
        3,
        ge=1,
        description="trainings of each finalist and of the recipe as it was; on test, of the one "
        "that was chosen and of the recipe as it was",
    )
    prune: Prune = Field(Prune(), description="which methods are left out before any training")

    @model_validator(mode="after")
    def _methods_differ(self):
        labels = [method.augmenter().label for method in self.methods]
        for label in labels:
            if labels.count(label) > 1:
                raise ValueError(f"methods: {label} appears twice; give it one range of rates")
        return self
