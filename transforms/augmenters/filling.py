"""All words of a text that a masked language model is asked for, in one forward and many draws."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, PrivateAttr

from mashbill.models.references import ModelRef
from mashbill.transforms.augmenters.base import Edit, Edits, Rate, Request, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.choice import Choice
from mashbill.transforms.augmenters.keeping import keep_labels
from mashbill.transforms.augmenters.masking import Limit, hide, limits, spans
from mashbill.transforms.augmenters.tokens import match_case
from mashbill.transforms.languages.base import Language, Lexicon
from mashbill.transforms.languages.registry import language_of

if TYPE_CHECKING:
    from mashbill.models.classifier import Classifier
    from mashbill.models.masked_lm import MaskedLM

KOBAYASHI = (
    "Kobayashi 2018, Contextual Augmentation, with a masked model as in Wu et al. 2019, "
    "Conditional BERT Contextual Augmentation; told the label where the model was adapted to it"
)
TIMES = 4  # so many candidates for one of top_k, since most may not be allowed
SPARE = 16  # and some more
PIECES, SPANS = "tokens", "tokens of the free words"  # in the batch's memo


class Drawn(NamedTuple):
    """The words for places of a batch.

    Attributes:
        sites: the places.
        like: for each, the word whose casing and script a candidate follows.
        numbers: of the words, draw by draw, int64 [places, draws]; -1 for none.
    """

    sites: Sites
    like: Sequence[str]
    numbers: np.ndarray

    def of(self, rows: Sequence[int]) -> "Drawn":
        """Those for some texts of the batch."""
        here = np.flatnonzero(np.isin(self.sites.rows, rows))
        like = [self.like[i] for i in here.tolist()]
        return Drawn(self.sites.take(here), like, self.numbers[here])


class Contextual(TokenAugmenter):
    """Common to substitution and insertion: all words of a text are filled in one forward.

    A subclass's `sites` begin where words do that `in_reach` gives; `slots` says which tokens a
    mask stands for, and `wanted` what may come there.
    """

    uses_model: ClassVar[bool] = True
    file_parameters: ClassVar[tuple[str, ...]] = ("wordnet",)
    source: ClassVar[str] = KOBAYASHI

    model: str = Field(min_length=1, description="masked language model: a folder, or hf://NAME")
    rate: Rate = 0.15
    top_k: int = Field(50, ge=1, le=1000, description="number of candidates to draw from")
    top_p: float = Field(
        1.0, gt=0, le=1, description="keep the likeliest candidates up to this total probability"
    )
    min_p: float = Field(
        0.1,
        ge=0,
        le=1,
        description="keep candidates with at least this share of the probability of the likeliest",
    )
    temperature: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="temperature of the draw; above 1 draws more evenly",
    )
    max_length: int = Field(
        128, ge=4, description="longest input in tokens; words beyond it are not changed"
    )
    precision: Literal["fp32", "bf16", "auto"] = Field(
        "fp32", description="precision of the model; with bf16 a few draws depend on the batch"
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="device of the model")
    keep_label: str | None = Field(
        None,
        min_length=1,
        description="classifier that must give the variant its source's gold label",
    )
    draws: int = Field(8, ge=1, le=100, description="largest number of attempts with keep_label")

    wordnet: str | None = Field(
        None,
        description="folder of WordNet's files, for English: restricts new words to those in "
        "WordNet and, in a substitution, to the same part of speech and form",
    )

    _seconds: float = PrivateAttr(0.0)

    @property
    def forward_seconds(self) -> float:
        return self._seconds

    def misses(self, known: Language) -> str | None:
        if self.wordnet is not None and known.lexicon(self.wordnet) is None:
            return f"{self.name}: `wordnet` asks for a dictionary, and {known.name} has none"
        return super().misses(known)

    def needs(self) -> list[ModelRef]:
        judge = [] if self.keep_label is None else [ModelRef(self.keep_label, "classifier")]
        return [ModelRef(self.model, "masked LM"), *judge]

    def load(self) -> None:
        _ = self._lm
        if self.keep_label is not None:
            _ = self._judge

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        fields = {key: state["__dict__"][key] for key in type(self).model_fields}
        return {**state, "__dict__": fields}  # whoever unpickles it loads models of its own

    def columns(self, request: Request) -> Edits:
        """The edits of many texts, all of them sorted into common batches for the model.

        Raises:
            ModelError: a model cannot be loaded.
            RowError: a model gives no numbers for some text.
        """
        texts, _, labels = request
        if self.is_idle or not texts:
            return Edits.of([()] * len(texts))
        batch = self.batch(request)
        draws = 1 if self.keep_label is None or labels is None else self.draws
        drawn = self.drawn(batch, self.drawn_sites(batch), labels, draws)
        if draws == 1:
            return self._edits(batch, drawn, 0)

        def draw(rows: Sequence[int], n: int) -> list[list[Edit]]:
            edits = self._edits(batch, drawn.of(rows), n).lists()
            return [edits[row] for row in rows]

        kept = keep_labels(texts, labels, draw=draw, predict=self._predict, draws=self.draws)
        return Edits.of(kept)

    @cached_property
    def _lm(self) -> "MaskedLM":
        from mashbill.models.masked_lm import MaskedLM

        letters = self.language.one_letter_words
        return MaskedLM.load(self.model, **self._how, one_letter_words=letters)

    @property
    def _lexicon(self) -> Lexicon:
        return self.language.lexicon(self.wordnet)

    @property
    def _how(self) -> dict[str, Any]:
        return {
            "max_length": self.max_length,
            "precision": self.precision,
            "device": self.device,
        }

    @cached_property
    def _judge(self) -> "Classifier":
        from mashbill.models.classifier import Classifier

        return Classifier.load(self.keep_label, **self._how)

    def _predict(self, texts: Sequence[str]) -> np.ndarray:
        before = self._judge.forward_seconds
        labels = self._judge.logits(texts).argmax(axis=1)
        self._seconds += self._judge.forward_seconds - before
        return labels

    def in_reach(self, batch: TextBatch) -> Sites:
        """The free words that are made of whole tokens of the model. The batch remembers these."""
        batch.memo[PIECES] = self._lm.pieces(batch.texts)
        batch.memo[SPANS] = spans(batch.memo[PIECES], batch)
        return batch.free_words.where(batch.memo[SPANS].exact)

    def slots(self, batch: TextBatch, sites: Sites) -> tuple[np.ndarray, np.ndarray]:
        """Which tokens of its text the mask of each site stands for, half open: int64 [sites]."""
        first, last, _ = batch.memo[SPANS]
        words = np.searchsorted(batch.free_words.starts, sites.starts)
        return first[words], last[words]

    def behind(self, batch: TextBatch, sites: Sites) -> list[str]:
        """What follows the new word of each site."""
        del batch
        return [""] * len(sites.starts)

    def wanted(self, batch: TextBatch, sites: Sites) -> tuple[list[tuple[str, ...]], list[str]]:
        """For each site the words that must not come there, and one to follow in casing."""
        raise NotImplementedError

    def drawn(
        self,
        batch: TextBatch,
        sites: Sites,
        labels: Sequence[int | None] | None,
        draws: int,
    ) -> Drawn:
        """Words for the sites that the model can reach."""
        from mashbill.models.word_tokens import Ragged

        lm, tokens = self._lm, batch.memo[PIECES].ids
        rows, of_site = np.unique(sites.rows, return_inverse=True)
        hidden, columns = hide(tokens.take(rows), of_site, *self.slots(batch, sites), lm.mask_id)
        reached = columns < lm.tokenizer.room
        avoid, like = self.wanted(batch, sites)
        like = [word for word, within in zip(like, reached, strict=True) if within]
        avoid = [words for words, within in zip(avoid, reached, strict=True) if within]
        sites, of_site, columns = sites.where(reached), of_site[reached], columns[reached]
        counts = np.bincount(of_site, minlength=len(rows))
        choice = Choice(
            [*limits(lm.words, avoid, like), *self.limits(batch, sites)],
            batch.seeds[sites.rows],
            sites.starts - batch.offsets[sites.rows],
            {**self.model_dump(include={"top_k", "top_p", "min_p", "temperature"}), "draws": draws},
        )
        before = lm.forward_seconds
        numbers = self.fill(
            batch,
            sites,
            choice,
            rows=lm.tokenizer.framed(hidden),
            columns=Ragged(columns + len(lm.tokenizer.leading), counts),
            top=TIMES * self.top_k + SPARE,
            labels=labels and [labels[row] for row in rows.tolist()],
        )
        self._seconds += lm.forward_seconds - before
        return Drawn(sites, like, numbers)

    def fill(self, batch: TextBatch, sites: Sites, choice: Choice, **what: Any) -> np.ndarray:
        """The words' numbers, int64 [sites, draws]; `what` to give the model, see `MaskedLM`."""
        del batch, sites
        return self._lm.fill(**what, choice=choice)[0]

    def limits(self, batch: TextBatch, sites: Sites) -> list[Limit]:
        """What must be true of candidates beside script and spelling."""
        known = _known(self._lm.words, self._language, self.wordnet)
        return [Limit(known.astype(np.int64), np.ones(len(sites.starts), np.int64))]

    def _edits(self, batch: TextBatch, drawn: Drawn, n: int) -> Edits:
        """The edits of the n-th draw."""
        words = self._lm.words
        texts = [
            None if number < 0 else match_case(near, words[number]) + behind
            for near, number, behind in zip(
                drawn.like,
                drawn.numbers[:, n].tolist(),
                self.behind(batch, drawn.sites),
                strict=True,
            )
        ]
        return self.edits(batch, drawn.sites, texts)


@lru_cache(maxsize=8)
def _known(words: tuple[str, ...], language: str, folder: str | None) -> np.ndarray:
    """bool [words]: a word as far as its letters tell, or as the language's dictionary says."""
    if folder is None:
        known = language_of(language)
        return np.array([is_whole(word) and known.is_word(word) for word in words], bool)
    lexicon = language_of(language).lexicon(folder)
    return np.array([lexicon.knows(word.lower()) for word in words], bool)


def is_whole(word: str) -> bool:
    """Vocabularies are full of pieces of two letters that may begin a word: "sp", "ex", "di"."""
    return len(word) > 2 or not word.isascii()
