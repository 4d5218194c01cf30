"""How variants are made, and how many."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, model_validator

from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.errors import MashbillError
from mashbill.models.references import ModelRef
from mashbill.models.settings import Section
from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.registry import parse
from mashbill.transforms.examples import Split


class Method(BaseModel):
    """One way to make a variant; keys beside `use` and `share` are the augmenter's parameters."""

    model_config = ConfigDict(frozen=True, extra="allow")
    use: StrictStr = Field(description="name of the augmenter; see `mashbill augmenters`")
    share: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="relative frequency with which this method is drawn",
    )

    def augmenter_spec(self) -> dict[str, Any]:
        return self.model_dump(exclude={"share"})

    def augmenter(self) -> Augmenter:
        """For texts of whichever language; see `Recipe.methods`."""
        return parse(self.augmenter_spec())

    @model_validator(mode="after")
    def _builds(self):
        try:
            self.augmenter()
        except MashbillError as error:
            raise ValueError(str(error)) from None
        return self


class Augment(Section):
    copies: int = Field(4, ge=0, le=1000, description="variants per source example")
    methods: tuple[Method, ...] = Field(
        (),
        max_length=1000,
        description="methods that make variants; each is drawn in proportion to its `share`",
    )
    first_copy: int = Field(
        1, ge=1, le=30_000, description="number of the first variant of a source"
    )
    splits: tuple[Split, ...] = Field(("train",), description="splits whose sources get variants")
    fields: tuple[Literal["text", "text_pair"], ...] = Field(
        ("text",), min_length=1, description="texts of a pair that are changed"
    )
    redraw: bool = Field(
        True,
        description="draw another method for a copy where the first one finds nothing to change",
    )

    @model_validator(mode="after")
    def _has_methods(self):
        if self.copies and not self.methods:
            raise ValueError("copies > 0 needs at least one entry in methods")
        return self

    def needs(self) -> list[ModelRef]:
        return [model for method in self.methods for model in method.augmenter().needs()]

    def endpoints(self) -> list[Endpoint]:
        return [one for method in self.methods for one in method.augmenter().endpoints()]

    def reads(self) -> list[str]:
        """Files and folders, models aside, that the methods take their words from."""
        paths = (path for method in self.methods for path in method.augmenter().reads())
        return sorted(set(paths))

    def packages(self) -> list[str]:
        """Packages whose models the methods use."""
        names = (name for method in self.methods for name in method.augmenter().packages())
        return sorted(set(names))

    @property
    def copy_numbers(self) -> range:
        return range(self.first_copy, self.first_copy + self.copies)
