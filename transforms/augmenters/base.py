"""What every augmenter is: parameters, and edits on the original text."""

import functools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import ClassVar, Self

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    field_validator,
)

from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.references import ModelRef
from mashbill.models.tasks.projection import spans_of
from mashbill.transforms.augmenters import draws
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.edits import (
    Edit,
    Edits,
    Laid,
    Variant,
    aligned,
    apply,
    compose,
    joined,
    variants_of,
)
from mashbill.transforms.augmenters.protection import DEFAULT, MENTIONS, Guard, guard
from mashbill.transforms.augmenters.rate import Rate
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.sites import changing, without_overlap
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.languages.base import Language
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE, language_of

__all__ = [
    "Augmenter",
    "Edit",
    "Rate",
    "Request",
    "TokenAugmenter",
    "apply",
    "compose",
]

CHUNK = 250_000  # code points that are looked at together: their arrays fit the processor's cache


class Augmenter(BaseModel):
    """A function from (text, seed) to edits; made from its parameters, and never changed.

    Attributes:
        name: `family.operation`.
        languages: names of those that it works in; `any` is all of them.
        uses_model: runs where the accelerators are.
        needs_statistics: works only after `with_statistics`.
        file_parameters: names of those that are paths of files or folders, models aside.
        refuses: reasons for which it leaves a text as it is, and says so; see `refusal`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    languages: ClassVar[tuple[str, ...]] = ("any",)
    uses_model: ClassVar[bool] = False
    needs_statistics: ClassVar[bool] = False
    file_parameters: ClassVar[tuple[str, ...]] = ()
    refuses: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = ""  # where the method, or the kind of error, is described

    _language: str = PrivateAttr(DEFAULT_LANGUAGE)

    @property
    def language(self) -> Language:
        """Of the texts."""
        return language_of(self._language)

    def in_language(self, name: str) -> Self:
        """A copy for texts of this language, which knows a default rate of its own, maybe."""
        rate = None if "rate" in self.model_fields_set else language_of(name).rates.get(self.name)
        copy = self.model_copy(update={} if rate is None else {"rate": rate})
        copy._language = name
        return copy

    def misses(self, known: Language) -> str | None:
        """Why it does not work with texts of a language; None where it does."""
        if "any" in self.languages or known.name in self.languages:
            return None
        return f"{self.name} works in {', '.join(self.languages)}, not in {known.name}"

    @property
    def uses_entities(self) -> bool:
        """Whether it makes sense only where the texts have named entities."""
        return False

    @property
    def is_random(self) -> bool:
        """Whether another seed may make another variant of a text."""
        return True

    @property
    def label(self) -> str:
        """What the data set's `augmenter` column says."""
        return self.name

    @property
    def forward_seconds(self) -> float:
        """Time spent in model forwards so far."""
        return 0.0

    def spent(self) -> Counter[str]:
        """What was paid so far, such as `requests` to a server."""
        return Counter()

    def with_labels(self, names: Sequence[str]) -> "Augmenter":
        """A copy that knows what the classes are called; itself where it has no use for that."""
        del names
        return self

    def needs(self) -> list[ModelRef]:
        """The models that must be there."""
        return []

    def endpoints(self) -> list[Endpoint]:
        """The servers that are asked."""
        return []

    def reads(self) -> list[str]:
        """The files and folders, models aside, whose content the variants depend on."""
        paths = (getattr(self, name) for name in self.file_parameters)
        return [path for path in paths if path is not None]

    def packages(self) -> list[str]:
        """The packages whose models it uses."""
        return []

    def load(self) -> None:
        """Loads these models, which the first text would do otherwise.

        Raises:
            MashbillError: one of them cannot be loaded.
        """

    def with_statistics(self, statistics: Statistics) -> "Augmenter":
        """A copy that knows the corpus; itself where it has no use for it."""
        del statistics
        return self

    def augment(self, text: str, seed: int) -> list[Edit]:
        """The edits that make a variant: sorted, without overlap. Empty: nothing to do.

        Args:
            seed: decides every random choice; any int, taken modulo 2**64.
        """
        return self.augment_batch(Request([text], [seed]))[0]

    def augment_batch(self, request: Request) -> list[list[Edit]]:
        """The same edits as `augment` for each text and seed, faster.

        A subclass gives this or `variants`. Where edits are not known, they follow from the texts.
        """
        variants = self.variants(request)
        return [
            aligned(text, variant.text) if (edits := variant.edits) is None else edits
            for text, variant in zip(request.texts, variants, strict=True)
        ]

    def variants(self, request: Request) -> list[Variant]:
        """The variants, each with the edits that made it, as far as these are known.

        A text for which there is nothing to do comes back as it is.
        """
        return variants_of(request.texts, Edits.of(self.augment_batch(request)))

    def variants_batch(self, request: Request) -> list[str]:
        """The texts of `variants`."""
        return [variant.text for variant in self.variants(request)]


class TokenAugmenter(Augmenter):
    """Edits at a share of the places that are eligible.

    A subclass says which places are (`sites`) and what comes there (`replacements`).
    """

    rate: Rate = 0.1
    min_edits: int = Field(
        1,
        ge=0,
        description="smallest number of edits, if places are eligible and the rate is above 0",
    )
    max_edits: int | None = Field(None, ge=1, description="largest number of edits")
    protect: tuple[str, ...] = Field(
        DEFAULT,
        description=f"what is never edited: {', '.join(DEFAULT)}, or regular expressions; "
        "`default` is all of these names, `spans` the named entities of the text",
    )
    protect_words: tuple[str, ...] = Field(
        (), description="words that are never edited, in any letter case"
    )
    stopwords: tuple[str, ...] = Field(
        (), description="words that are not eligible, in any letter case"
    )

    mends: ClassVar[bool] = False  # what stands around may have to follow the words that come
    replaces: ClassVar[tuple[str, ...]] = ()  # kinds of protected spans that it knows as a whole
    always_changes: ClassVar[bool] = False  # no replacement is None or what stood there

    @property
    def uses_entities(self) -> bool:
        return MENTIONS in self.protect

    @property
    def is_idle(self) -> bool:
        """Whether the rate is 0, so that nothing is ever edited."""
        return self.rate in (0, (0, 0))

    def rates(self, batch: TextBatch, rows: np.ndarray) -> float | np.ndarray:
        """The rate at each of some places: the same for all, or drawn for each text.

        Args:
            rows: the text of each place, int64 [n].
        """
        if not isinstance(self.rate, tuple):
            return self.rate
        low, high = self.rate
        texts = np.arange(len(batch.texts))
        bits = draws.bits(batch.seeds, texts, np.zeros_like(texts), f"{self.name} rate")
        drawn = draws.unit(bits)
        return (low + drawn * (high - low))[rows]

    @field_validator("protect")
    @classmethod
    def _compiles(cls, protect: tuple[str, ...]) -> tuple[str, ...]:
        named = [DEFAULT if entry == "default" else (entry,) for entry in protect]
        protect = tuple(dict.fromkeys(chain.from_iterable(named)))
        guard(protect, ())
        return protect

    def sites(self, batch: TextBatch) -> Sites:
        """Where edits could be made."""
        raise NotImplementedError

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        """What comes at each of the chosen sites; None to leave it."""
        raise NotImplementedError

    def columns(self, request: Request) -> Edits:
        """The edits of all the texts."""
        texts = request.texts
        if self.is_idle or not texts:
            return Edits.of([()] * len(texts))
        parts = [self._chunk(request.part(*bounds)) for bounds in _chunks(texts)]
        return joined(parts)

    def augment_batch(self, request: Request) -> list[list[Edit]]:
        return self.columns(request).lists()

    def variants(self, request: Request) -> list[Variant]:
        return variants_of(request.texts, self.columns(request))

    def variants_batch(self, request: Request) -> list[str]:
        return self.columns(request).applied(request.texts)

    def _chunk(self, request: Request) -> Edits:
        batch = self.batch(request)
        sites = self.drawn_sites(batch)
        return self.edits(batch, sites, self.replacements(batch, sites))

    def edits(self, batch: TextBatch, sites: Sites, new: Sequence[str | None]) -> Edits:
        """The edits that put what is new at the sites; None leaves one as it is."""
        sites, new = self._changes(batch, sites, new)
        offsets = batch.offsets[sites.rows]
        bounds = np.searchsorted(sites.rows, np.arange(len(batch.texts) + 1))
        laid = Laid(batch.joined, batch.offsets, batch.ends)
        return Edits(bounds, sites.starts - offsets, sites.ends - offsets, new, laid)

    def drawn_sites(self, batch: TextBatch) -> Sites:
        """The places to edit."""
        sites = self.sites(batch)
        return self.chosen(batch, sites.where(batch.allows(sites)))

    def _changes(
        self, batch: TextBatch, sites: Sites, new: Sequence[str | None]
    ) -> tuple[Sites, Sequence[str]]:
        if not self.always_changes:
            sites, new = changing(batch, sites, new)
        return self.language.mend(batch, sites, new) if self.mends else (sites, new)

    def batch(self, request: Request) -> TextBatch:
        texts, seeds, labels = request
        keeps = MENTIONS in self.protect and MENTIONS not in self.replaces
        spans = [spans_of(label) for label in labels or ()] if keeps else ()
        stopwords = _lowered(self.stopwords)
        return TextBatch(texts, seeds, self._guard, stopwords, self.language, spans)

    @property
    def _guard(self) -> Guard:
        kinds = tuple(kind for kind in self.protect if kind not in self.replaces)
        return guard(kinds, self.protect_words)

    def weights(self, batch: TextBatch, sites: Sites) -> np.ndarray | float:
        """Multiplies the rate of each site: positive, float64 [n] or the same for all."""
        return 1.0

    def chosen(self, batch: TextBatch, sites: Sites) -> Sites:
        """A random share of the sites, none of which overlap."""
        numbers = batch.uniforms(sites, f"{self.name} place") / self.weights(batch, sites)
        rates = self.rates(batch, sites.rows)
        taken = draws.choose(
            numbers, sites.rows, len(batch.texts), rates, self.min_edits, self.max_edits
        )
        return without_overlap(sites.take(np.flatnonzero(taken)))


@functools.lru_cache(maxsize=256)
def _lowered(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


def _chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    if sum(map(len, texts)) <= CHUNK:
        yield 0, len(texts)
        return
    sizes = list(accumulate(map(len, texts)))
    first = done = 0
    while first < len(texts):
        last = min(bisect_left(sizes, done + CHUNK, first) + 1, len(texts))
        yield first, last
        first, done = last, sizes[last - 1]
