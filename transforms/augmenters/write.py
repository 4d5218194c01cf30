"""New texts of the corpus' domain, written by a language model that is shown some of it."""

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field, StrictStr, field_validator, model_validator

from mashbill.models.prompting import check_prompt, render
from mashbill.transforms.augmenters.edits import Edit, Edits, Variant
from mashbill.transforms.augmenters.guards import REASONS
from mashbill.transforms.augmenters.labels import Relabelled
from mashbill.transforms.augmenters.prompt import Prompted
from mashbill.transforms.augmenters.refusal import refusal_of
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.rng import Rng
from mashbill.transforms.augmenters.shown_texts import Shown
from mashbill.transforms.examples import WRITES

PROMPT = (
    "Here are some texts.\n\n{% for one in examples %}Text: {{ one.text }}\n{% endfor %}\n"
    "Write one more text of the same kind, about something else"
    "{% for name, value in attributes.items() %}; {{ name }}: {{ value }}{% endfor %}. "
    "Answer with nothing but the new text."
)


class Write(Prompted):
    """A language model writes a new text like some that it is shown: the row's own, and others of
    the train split. Nobody knows the label of what it writes: the teacher labels it."""

    name: ClassVar[str] = f"{WRITES}text"
    refuses: ClassVar[tuple[str, ...]] = tuple(REASONS)
    source: ClassVar[str] = (
        "He et al. 2022, Generate, Annotate, and Learn: NLP with Synthetic Text; attributes as in "
        "Yu et al. 2023, Large Language Model as Attributed Training Data Generator"
    )

    prompt: str = Field(
        PROMPT,
        description="Jinja2 template; knows `examples`, each with `text` and `label`, the row's "
        "own among them, `attributes` (name to value) and `language`",
    )
    examples: int = Field(4, ge=1, le=100, description="texts to show, the row's own among them")
    attributes: dict[StrictStr, tuple[StrictStr, ...]] = Field(
        default_factory=dict,
        description="what a text should be like, such as `tone: [angry, amused]`; one value of "
        "each is drawn for each text",
    )
    protect: tuple[str, ...] = Field((), description="what of the row's own text must come again")
    shortest: float = Field(
        0.1, ge=0, le=1, description="least length of a text, as a share of the row's own"
    )
    longest: float = Field(
        10.0, ge=1, allow_inf_nan=False, description="greatest length, as a multiple of it"
    )
    temperature: float = Field(
        1.0, ge=0, allow_inf_nan=False, description="temperature of the draw; see rewrite.prompt"
    )

    @field_validator("prompt")
    @classmethod
    def _renders(cls, prompt: str) -> str:
        example = {"text": "text", "label": "label"}
        return check_prompt(prompt, language="en", examples=[example], attributes={"a": "b"})

    @model_validator(mode="after")
    def _have_values(self):
        for name, values in self.attributes.items():
            if not values:
                raise ValueError(f"attributes: {name} has no values")
        return self

    def variants(self, request: Request) -> list[Variant]:
        """New texts, whose label is null; a text whose answer is refused comes back as it is."""
        written = super().variants(request)
        edits = Edits.of(
            [
                [Edit(0, len(text), one.text)] if refusal_of(one) is None else []
                for text, one in zip(request.texts, written, strict=True)
            ]
        )
        unlabelled = Relabelled(edits, [None] * len(written))
        return [
            Variant(one.text, unlabelled, row) if refusal_of(one) is None else one
            for row, one in enumerate(written)
        ]

    def shown(self, request: Request) -> list[Sequence[Shown]]:
        """The row's own text first."""
        labels = request.labels or [None] * len(request.texts)
        others = super().shown(request)
        return [
            [Shown(0, text, label), *some]
            for text, label, some in zip(request.texts, labels, others, strict=True)
        ]

    def _rendered(self, text: str, label: Any, seed: int, examples: list[dict[str, Any]]) -> str:
        rng = Rng(seed + 1)
        attributes = {
            name: values[rng.below(len(values))] for name, values in self.attributes.items()
        }
        return render(
            self.prompt,
            language=self.language.name,
            examples=examples,
            attributes=attributes,
        )

    @property
    def is_random(self) -> bool:
        return super().is_random or bool(self.attributes)

    @property
    def _others(self) -> int:
        return self.examples - 1
