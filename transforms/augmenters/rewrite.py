"""Whole texts written anew by a model: there and back by translation, or as a paraphrase."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from mashbill.models.references import ModelRef
from mashbill.models.tasks.projection import spans_of
from mashbill.transforms.augmenters.base import Augmenter, Request
from mashbill.transforms.augmenters.edits import Variant
from mashbill.transforms.augmenters.guards import REASONS, Guards
from mashbill.transforms.augmenters.protection import MENTIONS, guard
from mashbill.transforms.augmenters.refusal import guarded
from mashbill.transforms.augmenters.rng import Rng

if TYPE_CHECKING:
    from mashbill.models.decoding import Sampling
    from mashbill.models.generator import Generator, Translator

PROTECTED = ("url", "email", "mention", "hashtag", "number")
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
        "regular expressions; `spans` the named entities of the text",
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
        guard(protect, ())
        return protect

    @property
    def forward_seconds(self) -> float:
        return self._seconds

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
        answers = self.answers(request)
        labels = request.labels or [None] * len(request.texts)
        guards = Guards(
            guard(self.protect, self.protect_words), self.language, self.shortest, self.longest
        )
        rows = zip(request.texts, answers, labels, self.shown(request), strict=True)
        reasons = [
            "cut"
            if answer is None
            else guards.why(text, answer, self._mentions(text, label), shown)
            for text, answer, label, shown in rows
        ]
        return guarded(request.texts, [answer or "" for answer in answers], reasons)

    def answers(self, request: Request) -> list[str | None]:
        """What the model makes of each text; None for one that is too long for it."""
        raise NotImplementedError

    def shown(self, request: Request) -> list[Sequence[str]]:
        """Other texts that the model sees with each text."""
        return [()] * len(request.texts)

    def _mentions(self, text: str, label: Any) -> list[str]:
        if MENTIONS not in self.protect:
            return []
        return [text[span["start"] : span["end"]] for span in spans_of(label)]

    @property
    def _how(self) -> "Sampling":
        from mashbill.models.decoding import Sampling

        return Sampling(self.temperature, self.top_k, self.top_p)

    def _translator(self, model: str, **languages: str | None) -> "Translator":
        from mashbill.models.generator import Translator

        return Translator.load(
            model,
            max_length=self.max_length,
            precision=self.precision,
            device=self.device,
            **languages,
        )

    def _rewrite(
        self,
        model: "Generator",
        prompts: Sequence[str | None],
        seeds: Sequence[int],
        limits: Sequence[int],
        stop: Sequence[str] = (),
    ) -> list[str | None]:
        """By one model; None stays None, and stands for what is too long."""
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
            beams=self.beams,
            stop=stop,
        )
        self._seconds += model.forward_seconds - before
        answers: list[str | None] = [None] * len(prompts)
        for place, (answer,) in zip(whole, written, strict=True):
            answers[place] = answer.strip()
        return answers

    def _say_again(
        self,
        model: "Translator",
        texts: Sequence[str | None],
        seeds: Sequence[int],
        prefix: str | None,
    ) -> list[str | None]:
        """What a sequence-to-sequence model makes of texts."""
        prompts = [None if text is None else (prefix or "") + text for text in texts]
        sizes = model.lengths([prompt or "" for prompt in prompts])
        return self._rewrite(model, prompts, seeds, self._limits(sizes))

    def _limits(self, sizes: Sequence[int]) -> list[int]:
        """Tokens that answers to texts of these numbers of tokens may have."""
        return [SPARE + math.ceil(self.longest * size) for size in sizes]


class Translate(Rewriter):
    """A text is translated into another language and back."""

    name: ClassVar[str] = "rewrite.translate"
    source: ClassVar[str] = (
        "Sennrich et al. 2016, Improving Neural Machine Translation Models with Monolingual Data; "
        "as augmentation Yu et al. 2018, QANet"
    )

    model: str | None = Field(
        None, min_length=1, description="model of many languages that translates both ways"
    )
    from_language: str | None = Field(
        None, description="the texts' language as `model` calls it, such as eng_Latn"
    )
    pivots: tuple[str, ...] = Field(
        (), description="languages of `model` to translate into; the seed chooses one for each text"
    )
    there: str | None = Field(
        None, min_length=1, description="model that translates there: a folder, or hf://NAME"
    )
    back: str | None = Field(None, min_length=1, description="model that translates back")
    there_prefix: str | None = Field(
        None, description="what stands before a text that `there` reads, such as `>>fra<< `"
    )
    back_prefix: str | None = Field(None, description="the same for `back`")

    @model_validator(mode="after")
    def _either(self) -> Self:
        two = self.there is not None and self.back is not None
        if (self.model is None) != two or (self.there is None) != (self.back is None):
            raise ValueError("give either `there` and `back`, two models, or one `model` for both")
        if self.model is not None and (self.from_language is None or not self.pivots):
            raise ValueError("`model` needs `from_language` and `pivots`")
        return self

    def needs(self) -> list[ModelRef]:
        models = (self.model, self.there, self.back)
        return [ModelRef(path, "translator") for path in models if path is not None]

    def load(self) -> None:
        for pivot in self.pivots or (None,):
            self._pair(pivot)

    def _pair(self, pivot: str | None) -> "tuple[Translator, Translator]":
        if self.model is None:
            return self._translator(self.there), self._translator(self.back)
        own = self.from_language
        return (
            self._translator(self.model, source_language=own, target_language=pivot),
            self._translator(self.model, source_language=pivot, target_language=own),
        )

    def answers(self, request: Request) -> list[str | None]:
        texts, seeds, _ = request
        answers: list[str | None] = [None] * len(texts)
        for pivot, places in self._by_pivot(seeds).items():
            there, back = self._pair(pivot)
            own = [seeds[place] for place in places]
            middle = self._say_again(there, [texts[p] for p in places], own, self.there_prefix)
            returned = self._say_again(back, middle, [seed + 1 for seed in own], self.back_prefix)
            for place, answer in zip(places, returned, strict=True):
                answers[place] = answer
        return answers

    def _by_pivot(self, seeds: Sequence[int]) -> dict[str | None, list[int]]:
        places: dict[str | None, list[int]] = {}
        for place, seed in enumerate(seeds):
            pivot = self.pivots[Rng(seed).below(len(self.pivots))] if self.pivots else None
            places.setdefault(pivot, []).append(place)
        return places


class Paraphrase(Rewriter):
    """A sequence-to-sequence model says a text in other words."""

    name: ClassVar[str] = "rewrite.paraphrase"
    source: ClassVar[str] = (
        "Kumar et al. 2019, Submodular Optimization-based Diverse Paraphrasing and its "
        "Effectiveness in Data Augmentation"
    )

    model: str = Field(min_length=1, description="sequence-to-sequence model: folder or hf://NAME")
    prefix: str | None = Field(
        None, description="what the model wants before a text, such as `paraphrase: `"
    )

    def needs(self) -> list[ModelRef]:
        return [ModelRef(self.model, "translator")]

    def load(self) -> None:
        _ = self._model

    @cached_property
    def _model(self) -> "Translator":
        return self._translator(self.model)

    def answers(self, request: Request) -> list[str | None]:
        return self._say_again(self._model, request.texts, request.seeds, self.prefix)
