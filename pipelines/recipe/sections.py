"""The sections of a recipe and what follows from several of them."""

from collections.abc import Iterable, Iterator

from pydantic import Field, StrictStr

from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.references import ModelRef, once_each
from mashbill.models.settings import Section
from mashbill.models.tasks.registry import AnyTask
from mashbill.models.tasks.single import Single
from mashbill.pipelines.recipe.augment import Augment, Method
from mashbill.pipelines.recipe.corpus import Corpus, Splits
from mashbill.pipelines.recipe.distill import Assistant, Distill
from mashbill.pipelines.recipe.evaluate import Evaluate
from mashbill.pipelines.recipe.filtering import Filtering
from mashbill.pipelines.recipe.mlm import MaskedLanguageModel
from mashbill.pipelines.recipe.output import Output, Resources
from mashbill.pipelines.recipe.search import Search
from mashbill.pipelines.recipe.teacher import AnyTeacher
from mashbill.pipelines.recipe.values import Language
from mashbill.transforms.assignment import Method as AssignedMethod
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.filters.base import Filter
from mashbill.transforms.filters.near_duplicate import NearDuplicate
from mashbill.transforms.filters.registry import AnyFilter
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE, LANGUAGES


class Sections(Section):
    """The sections of a recipe, each of which is right by itself, and what follows from them."""

    seed: int = Field(0, ge=0, lt=2**63, description="seed of every random decision")
    language: Language = Field(
        DEFAULT_LANGUAGE,
        description=f"language of the texts: {', '.join(LANGUAGES.own)}, or a package's; "
        "`any` has what needs none; `zh:FILE` adds words to the segmenter's",
    )
    corpus: tuple[Corpus, ...] = Field(min_length=1, description="files to read")
    labels: tuple[StrictStr, ...] = Field(
        min_length=1,
        max_length=32_767,
        description="label names, in the order of the teacher's outputs",
    )
    task: AnyTask = Field(Single(), description="kind of label: one class, several, or numbers")
    splits: Splits = Field(
        Splits(),
        description="shares of the splits; a source and its variants are in the same split",
    )
    augment: Augment = Field(Augment(copies=0), description="methods and number of variants")
    filter: Filtering = Field(
        Filtering(), description="filters in short form, and the weight of rows"
    )
    filters: tuple[AnyFilter, ...] = Field(
        (),
        description="filters that drop rows; each runs as soon as the columns that it reads exist",
    )
    teacher: AnyTeacher = Field(description="what labels the texts: one model, or several")
    mlm: MaskedLanguageModel | None = Field(
        None, description="how `adapt-mlm` adapts a masked language model to the corpus"
    )
    output: Output = Field(description="where the data set is written")
    resources: Resources = Field(
        Resources(), description="what workers that run models need, on Dataflow"
    )
    distill: Distill | None = Field(None, description="how the student is trained")
    assistant: Assistant | None = Field(
        None, description="how the assistant of `rounds` is trained"
    )
    rounds: int = Field(
        1,
        ge=1,
        description="rounds of generate and distill; each round after the first adds variants",
    )
    evaluate: Evaluate | None = Field(None, description="suites, sets and models to evaluate")

    search: Search | None = Field(None, description="what `mashbill search` chooses from")

    @property
    def is_pair_task(self) -> bool:
        return any(corpus.text_pair for corpus in self.corpus)

    def labelled_shares(self) -> dict[str, float]:
        """By corpus, the share of the train examples that keep their gold label."""
        return {corpus.name: corpus.labelled for corpus in self.corpus}

    def specs(self) -> list[CorpusSpec]:
        return [corpus.spec() for corpus in self.corpus]

    def methods(self) -> list[AssignedMethod]:
        """How variants are made of texts in the recipe's language."""
        return self._assigned(self.augment.methods)

    def fresh_methods(self) -> list[AssignedMethod]:
        """The same for those that the training makes."""
        fresh = self.distill and self.distill.data.fresh
        return self._assigned(fresh.methods) if fresh else []

    def _assigned(self, methods: Iterable[Method]) -> list[AssignedMethod]:
        labels = self.labels if self.task.has_classes else ()
        return [
            AssignedMethod(one.augmenter_spec(), one.share, self.language, labels)
            for one in methods
        ]

    def every_method(self) -> Iterator[tuple[tuple[str | int, ...], Method]]:
        """Each method with where it stands."""
        places = [(("augment", "methods"), self.augment.methods)]
        if fresh := self.distill and self.distill.data.fresh:
            places.append((("distill", "data", "fresh", "methods"), fresh.methods))
        if self.search is not None:
            places.append((("search", "methods"), self.search.methods))
        for where, methods in places:
            yield from (((*where, place), method) for place, method in enumerate(methods))

    def needs(self) -> list[ModelRef]:
        """The models that `generate` loads, each once in a role."""
        needed = self.teacher.needs()
        needed += [ModelRef(self.encoder, "encoder")] if self.encoder else []
        needed += [model for one in self.filters for model in one.needs()]
        return once_each(needed + self.augment.needs())

    def endpoints(self) -> list[Endpoint]:
        """The servers that `generate` asks."""
        return [*self.teacher.endpoints(), *self.augment.endpoints()]

    def every_filter(self) -> list[Filter]:
        """Those of `filter`, then those of `filters`, for the recipe's texts and labels."""
        wanted = (*self.filter.filters(), *self.filters)
        return [one.bound(self.language, self.task) for one in wanted]

    @property
    def near_duplicate(self) -> NearDuplicate | None:
        return next((one for one in self.filters if isinstance(one, NearDuplicate)), None)

    def source_filters(self) -> list[Filter]:
        """Those that drop sources, before these are augmented or trained on."""
        return [one for one in self.every_filter() if one.of_sources]

    @property
    def encoder(self) -> str | None:
        """The sentence encoder that measures similarity."""
        return next(self._encoders(), None)

    def _encoders(self) -> Iterator[str]:
        if self.filter.similarity_model is not None:
            yield self.filter.similarity_model
        yield from (one.encoder for one in self.filters if one.encoder is not None)

    @property
    def wants_discriminator(self) -> bool:
        reads = any("synthetic" in one.reads for one in self.every_filter())
        return self.filter.discriminator or reads
