"""Words that a masked language model proposes, in place of others or between them."""

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, PrivateAttr

from mashbill.models.references import ModelRef
from mashbill.transforms.augmenters.base import Edit, Edits, Rate, Request, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import SOLO, SPACE
from mashbill.transforms.augmenters.keeping import keep_labels
from mashbill.transforms.augmenters.masking import Limit, hide, limits, spans
from mashbill.transforms.augmenters.tokens import match_case
from mashbill.transforms.augmenters.word_cache import WordCache
from mashbill.transforms.languages.base import Language, Lexicon
from mashbill.transforms.languages.registry import language_of

if TYPE_CHECKING:
    import torch

    from mashbill.models.classifier import Classifier
    from mashbill.models.masked_lm import Choose, MaskedLM

KOBAYASHI = (
    "Kobayashi 2018, Contextual Augmentation, with a masked model as in Wu et al. 2019, "
    "Conditional BERT Contextual Augmentation; told the label where the model was adapted to it"
)
TIMES = 4  # so many candidates for one of top_k, since most may not be allowed
SPARE = 16  # and some more
PIECES, SPANS = "tokens", "tokens of the free words"  # in the batch's memo
NO_KIND = -2  # of a place where no candidate may come


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
        choice = _Choice(
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

    def fill(self, batch: TextBatch, sites: Sites, choice: "_Choice", **what: Any) -> np.ndarray:
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


class _Choice(NamedTuple):
    """How a word is drawn for each place.

    Attributes:
        limits: of the candidates.
        seeds: of the texts, uint64 [places].
        places: in their texts, int64 [places].
        how: the other arguments of `sampling.draw`.
    """

    limits: Sequence[Limit]
    seeds: np.ndarray
    places: np.ndarray
    how: Mapping[str, Any]

    def on(self, device: "torch.device", also: "torch.Tensor | None" = None) -> "Choose":
        """For `MaskedLM.fill`, on the device of the candidates.

        Args:
            also: a further limit, bool [places, candidates].
        """
        from mashbill.models.batching import to_device
        from mashbill.models.sampling import draw

        limits = [
            (to_device(table, device), to_device(wanted, device), equal)
            for table, wanted, equal in self.limits
        ]
        seeds, places = (
            to_device(column.view(np.int64), device) for column in (self.seeds, self.places)
        )

        def choose(
            at: "torch.Tensor", numbers: "torch.Tensor", logits: "torch.Tensor"
        ) -> tuple["torch.Tensor"]:
            fits = ~logits.isnan() if also is None else also[at]
            for table, wanted, equal in limits:
                fits = fits & ((table[numbers] == wanted[at, None]) == equal)
            return (draw(numbers, logits, fits, seeds[at], places[at], **self.how),)

        return choose


class Substitute(Contextual):
    """Words are replaced by others that fit the context, in the casing of what they replace."""

    name: ClassVar[str] = "contextual.substitute"
    mends: ClassVar[bool] = True

    rate: Rate = 0.05

    def sites(self, batch: TextBatch) -> Sites:
        """No function words, for which nothing else can stand, and no names."""
        sites, language = self.in_reach(batch), self.language
        words, content = batch.spelled, self._content
        places = np.searchsorted(batch.words.starts, sites.starts).tolist()
        kept = [
            content[words[place]]
            and not (
                words[place][0].isupper() and language.is_name(batch, batch.words, words, place)
            )
            for place in places
        ]
        sites = sites.where(np.array(kept, bool))
        if self.wordnet is None:
            return sites
        uses = self._lexicon.uses(batch, sites)
        return sites.where(np.array([use.kind is not None for use in uses], bool))

    @cached_property
    def _content(self) -> WordCache:
        """Which words are no function words, no single letters, and hold nothing but letters."""
        functional = self.language.function_words

        def is_content(word: str) -> bool:
            whole = not word.isascii() or (word.isalpha() and len(word) > 1)
            return whole and word.lower() not in functional

        return WordCache(is_content)

    def limits(self, batch: TextBatch, sites: Sites) -> list[Limit]:
        if self.wordnet is not None:
            return []
        kinds, of_words = _endings(self._lm.words, self._language)
        kind = self.language.kind
        numbers = WordCache(lambda word: of_words.get(kind(word.lower()), NO_KIND))
        wanted = [numbers[word] for word in batch.strings(sites)]
        return [Limit(kinds, np.array(wanted, np.int64))]

    def fill(self, batch: TextBatch, sites: Sites, choice: "_Choice", **what: Any) -> np.ndarray:
        """With a dictionary, which is here and not with the model, the draws are made here too."""
        if self.wordnet is None:
            return super().fill(batch, sites, choice, **what)
        import torch

        numbers, logits = self._lm.fill(**what)
        suits = torch.from_numpy(self._suits(batch, sites, numbers))
        choose = choice.on(torch.device("cpu"), also=suits)
        every = torch.arange(len(numbers))
        return choose(every, torch.from_numpy(numbers), torch.from_numpy(logits))[0].numpy()

    def _suits(self, batch: TextBatch, sites: Sites, numbers: np.ndarray) -> np.ndarray:
        """Which candidates are words of the kind that a site wants: bool, as `numbers`."""
        candidates, fits = self._lm.words, np.zeros(numbers.shape, bool)
        for i, use in enumerate(self._lexicon.uses(batch, sites)):
            kinds = [use.kinds[candidates[n].lower()] for n in numbers[i].tolist()]
            fits[i] = [kind == use.kind for kind in kinds]
        return fits

    def wanted(self, batch: TextBatch, sites: Sites) -> tuple[list[tuple[str, ...]], list[str]]:
        words, following = batch.strings(sites), _following(batch, sites)
        language = self.language
        like = [
            word.lower()
            if word in language.always_capital and _within_sentence(batch, start)
            else word
            for word, start in zip(words, sites.starts.tolist(), strict=True)
        ]
        avoid = [
            (word.casefold(), language.never_before(after))
            for word, after in zip(words, following, strict=True)
        ]
        return avoid, like


class Insert(Contextual):
    """Words that fit the context are put between others.

    Only between two words with nothing but a space between them, or nothing in a script without
    spaces, so that neither the start of a sentence nor its punctuation is touched, and not between
    an article and its word.
    """

    name: ClassVar[str] = "contextual.insert"
    rate: Rate = 0.2

    def sites(self, batch: TextBatch) -> Sites:
        right = self.in_reach(batch)
        left = np.searchsorted(batch.words.starts, right.starts) - 1
        gaps = right.starts - batch.words.ends[left]
        near = (left >= 0) & (batch.words.rows[left] == right.rows)
        spaced = (gaps == 1) & self._spaced(batch, right)
        flags = batch.flags
        near &= spaced | (
            (gaps == 0) & ((flags[right.starts] & flags[right.starts - 1] & SOLO) != 0)
        )
        right = right.where(near)
        left = batch.strings(
            batch.words.take(np.searchsorted(batch.words.starts, right.starts) - 1)
        )
        leads = self.language.leads
        apart = np.array([not leads(word) for word in left], bool)
        return Sites(right.rows, right.starts, right.starts).where(apart)

    def slots(self, batch: TextBatch, sites: Sites) -> tuple[np.ndarray, np.ndarray]:
        first, _ = super().slots(batch, sites)
        return first, first

    def behind(self, batch: TextBatch, sites: Sites) -> list[str]:
        return [" " if spaced else "" for spaced in self._spaced(batch, sites)]

    @staticmethod
    def _spaced(batch: TextBatch, sites: Sites) -> np.ndarray:
        return (batch.flags[sites.starts - 1] & SPACE) != 0

    def wanted(self, batch: TextBatch, sites: Sites) -> tuple[list[tuple[str, ...]], list[str]]:
        after = np.searchsorted(batch.words.starts, sites.starts)
        words, language = batch.spelled, self.language
        neighbours = [(words[i - 1], words[i]) for i in after.tolist()]
        avoid = [
            (left.casefold(), right.casefold(), language.never_before(right))
            for left, right in neighbours
        ]
        like = [
            right if all(len(w) > 1 and w.isupper() for w in (left, right)) else right.lower()
            for left, right in neighbours
        ]
        return avoid, like


@lru_cache(maxsize=8)
def _known(words: tuple[str, ...], language: str, folder: str | None) -> np.ndarray:
    """bool [words]: a word as far as its letters tell, or as the language's dictionary says."""
    if folder is None:
        known = language_of(language)
        return np.array([_is_whole(word) and known.is_word(word) for word in words], bool)
    lexicon = language_of(language).lexicon(folder)
    return np.array([lexicon.knows(word.lower()) for word in words], bool)


def _is_whole(word: str) -> bool:
    """Vocabularies are full of pieces of two letters that may begin a word: "sp", "ex", "di"."""
    return len(word) > 2 or not word.isascii()


@lru_cache(maxsize=8)
def _endings(words: tuple[str, ...], language: str) -> tuple[np.ndarray, dict[str, int]]:
    """The number of each word's kind, -1 if it may not come; and the kinds' numbers."""
    known = language_of(language)
    kinds = [known.kind(word.lower()) for word in words]
    numbers = {kind: i for i, kind in enumerate(dict.fromkeys(k for k in kinds if k is not None))}
    endings = [
        numbers[kind] if kind is not None and _is_whole(word) and known.is_word(word) else -1
        for word, kind in zip(words, kinds, strict=True)
    ]
    return np.array(endings, np.int64), numbers


def _following(batch: TextBatch, sites: Sites) -> list[str]:
    """The word behind each site, "" where its text has none."""
    words = batch.spelled
    after = np.searchsorted(batch.words.starts, sites.ends)
    same = np.append(batch.words.rows, -1)[after] == sites.rows
    return [words[i] if here else "" for i, here in zip(after.tolist(), same.tolist(), strict=True)]


def _within_sentence(batch: TextBatch, place: int) -> bool:
    before = batch.joined[max(0, place - 4) : place].rstrip(" ")
    return bool(before) and before[-1] not in f"{batch.language.full_stops}\n"
