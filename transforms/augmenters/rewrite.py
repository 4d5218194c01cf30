"""Whole texts written anew by a model: what is common to all ways to do so."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, field_validator

from mashbill.models.tasks.projection import spans_of
from mashbill.transforms.augmenters.base import Augmenter, Request
from mashbill.transforms.augmenters.edits import Variant
from mashbill.transforms.augmenters.guards import REASONS, Guards
from mashbill.transforms.augmenters.protection import MENTIONS, NAMES, guard
from mashbill.transforms.augmenters.refusal import guarded
from mashbill.transforms.augmenters.shown_texts import Shown

if TYPE_CHECKING:
    from mashbill.models.decoding import Sampling
    from mashbill.models.generator import Generator

PROTECTED = ("url", "email", "mention", "hashtag", "number", NAMES)
SPARE = 16  # tokens that an answer may always have


class Rewriter(Augmenter):
    """A model's answer takes the place of the whole text, unless one of the guards refuses it.

    Edits follow from an alignment of the two texts. An answer depends on the text, its seed and the
    parameters; how other texts are batched with it changes a logit by rounding alone.
    """

    uses_model: ClassVar[bool] = True
    refuses: ClassVar[tuple[str, ...]] = tuple(REASONS)

    temperature: float = Field(
        0.7,
        ge=0,
        allow_inf_nan=False,
        description="temperature of the draw; above 1 draws more evenly, 0 takes the likeliest",
    )
    top_k: int = Field(50, ge=1, le=1000, description="number of tokens to draw from")
    top_p: float = Field(
        0.95, gt=0, le=1, description="keep the likeliest tokens up to this total probability"
    )
    beams: int = Field(
        1, ge=1, le=32, description="width of a beam search, which draws nothing; 1: draw instead"
    )
    shortest: float = Field(
        0.5, ge=0, le=1, description="least length of an answer, as a share of the text's"
    )
    longest: float = Field(
        2.0, ge=1, allow_inf_nan=False, description="greatest length, as a multiple of the text's"
    )
    protect: tuple[str, ...] = Field(
        PROTECTED,
        description="what an answer must still have: names of what `protect` knows elsewhere, or "
        "regular expressions; `spans` the named entities of the text, `names` what its capitals "
        "tell to be one",
    )
    protect_words: tuple[str, ...] = Field((), description="words that an answer must still have")
    max_length: int = Field(
        256, ge=4, description="longest input in tokens; longer texts are left as they are"
    )
    precision: Literal["fp32", "bf16", "auto"] = Field(
        "fp32", description="precision of the model; with bf16 a few draws depend on the batch"
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="device of the model")

    _seconds: float = PrivateAttr(0.0)

    @property
    def uses_entities(self) -> bool:
        return MENTIONS in self.protect

    @field_validator("protect")
    @classmethod
    def _compiles(cls, protect: tuple[str, ...]) -> tuple[str, ...]:
        guard(_by_form(protect), ())
        return protect

    @property
    def is_random(self) -> bool:
        return self.temperature > 0 and self.beams == 1

    @property
    def forward_seconds(self) -> float:
        return self._seconds

    @property
    def instructions(self) -> tuple[str, ...]:
        """What the model reads with every text."""
        return ()

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        fields = {key: state["__dict__"][key] for key in type(self).model_fields}
        return {**state, "__dict__": fields}  # whoever unpickles it loads models of its own

    def variants(self, request: Request) -> list[Variant]:
        """The answers; a text whose answer is refused comes back as it is.

        Raises:
            ModelError: a model cannot be loaded.
            RowError: a model gives no numbers.
        """
        shown = self.shown(request)
        answers = self.answers(request, shown)
        form = guard(_by_form(self.protect), self.protect_words)
        guards = Guards(form, self.language, self.shortest, self.longest)
        rows = zip(request.texts, answers, self._names(request), shown, strict=True)
        chosen = [
            guards.choose(text, own, names, [*self.instructions, *(one.text for one in others)])
            for text, own, names, others in rows
        ]
        return guarded(request.texts, *zip(*chosen, strict=True)) if chosen else []

    def answers(
        self, request: Request, shown: Sequence[Sequence[Shown]]
    ) -> list[Sequence[str] | None]:
        """What the model makes of each text, the best first; None for one that is too long for it.

        Args:
            request: what to make.
            shown: see `shown`, drawn once.
        """
        raise NotImplementedError

    def shown(self, request: Request) -> list[Sequence[Shown]]:
        """Other texts that the model sees with each text."""
        return [()] * len(request.texts)

    def _names(self, request: Request) -> list[list[str]]:
        """What of each text an answer must have beside what is protected by its form."""
        names: list[list[str]] = [[] for _ in request.texts]
        if NAMES in self.protect:
            names = self.language.names(request.texts)
        if MENTIONS in self.protect:
            for own, text, label in zip(names, request.texts, request.labels or (), strict=False):
                own += [text[span["start"] : span["end"]] for span in spans_of(label)]
        return names

    @property
    def _how(self) -> "Sampling":
        from mashbill.models.decoding import Sampling

        return Sampling(self.temperature, self.top_k, self.top_p)

    def _rewrite(
        self,
        model: "Generator",
        prompts: Sequence[str | None],
        seeds: Sequence[int],
        limits: Sequence[int],
        stop: Sequence[str] = (),
        samples: int = 1,
    ) -> list[list[str] | None]:
        """By one model, so many answers to each prompt; None stays None, and stands for what is too
        long."""
        here = [place for place, prompt in enumerate(prompts) if prompt is not None]
        read = model.windows([prompts[place] for place in here])
        whole = [
            place
            for place, window in zip(here, read, strict=True)
            if window is None or not window.cut
        ]
        before = model.forward_seconds
        written = model.write(
            [prompts[place] for place in whole],
            [seeds[place] for place in whole],
            [limits[place] for place in whole],
            self._how,
            samples=samples,
            beams=self.beams,
            stop=stop,
        )
        self._seconds += model.forward_seconds - before
        answers: list[list[str] | None] = [None] * len(prompts)
        for place, own in zip(whole, written, strict=True):
            answers[place] = [answer.strip() for answer in own]
        return answers

    def _limits(self, sizes: Sequence[int]) -> list[int]:
        """Tokens that answers to texts of these numbers of tokens may have."""
        return [SPARE + math.ceil(self.longest * size) for size in sizes]


def _by_form(protect: Sequence[str]) -> tuple[str, ...]:
    return tuple(entry for entry in protect if entry != NAMES)
