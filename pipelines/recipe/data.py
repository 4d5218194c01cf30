"""What a student learns from: stored rows, and variants that the training makes itself."""

import difflib
from typing import Literal

from pydantic import Field, StrictStr, model_validator

from mashbill.models.settings import Section
from mashbill.pipelines.recipe.augment import Method

SoftLabelsOf = Literal["row", "source"]
FreshLabelsOf = Literal["source", "teacher"]


class Fresh(Section):
    """Variants that are made while the student is trained, other ones in every pass."""

    methods: tuple[Method, ...] = Field(
        min_length=1,
        max_length=1000,
        description="methods as in `augment.methods`, but none that needs a model or statistics "
        "of the corpus; a `rate` may be a range, [low, high]",
    )
    share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="share of the rows of a pass that are fresh; the others are the stored rows "
        "as `mix` takes them",
    )
    soft_labels: FreshLabelsOf | dict[StrictStr, FreshLabelsOf] = Field(
        "source",
        description="soft label of a fresh variant: that of its `source`, or what a live `teacher` "
        "says of it; one for all, or by augmenter (`source` if not named)",
    )
    fields: tuple[Literal["text", "text_pair"], ...] = Field(
        ("text",), min_length=1, description="texts of a pair that are changed"
    )

    @model_validator(mode="after")
    def _needs_nothing(self):
        for place, method in enumerate(self.methods):
            augmenter = method.augmenter()
            if augmenter.uses_model or augmenter.needs():
                what = "a model, which would keep the training waiting"
            elif augmenter.needs_statistics:
                what = "statistics of the corpus, which only generate counts"
            else:
                continue
            raise ValueError(
                f"methods.{place}: {augmenter.label} needs {what}; use it in augment.methods"
            )
        return self

    @model_validator(mode="after")
    def _labels_what_is_made(self):
        variants = self.labels
        for name in () if isinstance(self.soft_labels, str) else self.soft_labels:
            if name not in variants:
                near = difflib.get_close_matches(name, variants, n=1)
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                raise ValueError(
                    f"soft_labels: no method is {name!r}{hint}; there are {', '.join(variants)}"
                )
        return self

    @property
    def labels(self) -> list[str]:
        """What the variants have in the column `augmenter`."""
        return sorted({method.augmenter().label for method in self.methods})

    @property
    def live(self) -> frozenset[str]:
        """Those of the labels whose variants a live teacher labels."""
        how = self.soft_labels
        chosen = dict.fromkeys(self.labels, how) if isinstance(how, str) else how
        return frozenset(name for name, which in chosen.items() if which == "teacher")

    def reads(self) -> list[str]:
        """Files and folders that the methods take their words from."""
        return sorted({path for method in self.methods for path in method.augmenter().reads()})


class DataChoice(Section):
    """Which rows a pass takes, which soft labels they have, and what is made anew for it."""

    path: StrictStr | None = Field(
        None, description="folder of the data set; default: the one that the recipe writes"
    )
    rounds: int | None = Field(
        None,
        ge=1,
        description="number of rounds to read; default: all",
    )
    mix: dict[StrictStr, float] = Field(
        default_factory=dict,
        description="augmenter to how often its rows are used in a pass; 1 if not named, 0 "
        "for never",
    )
    soft_labels: SoftLabelsOf | dict[StrictStr, SoftLabelsOf] = Field(
        "row",
        description="soft label of a variant: its own (`row`), or that of its source "
        "(`source`), which teaches the student to ignore the change; one for "
        "all, or by augmenter (`row` if not named)",
    )
    scores: Literal["logits", "probabilities"] = Field(
        "logits",
        description="what `teacher_logits` holds in a data set that mashbill did not write",
    )
    fresh: Fresh | None = Field(
        None, description="variants that are made anew in every pass, beside the stored rows"
    )
