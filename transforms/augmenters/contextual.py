"""Words that a masked language model proposes, in place of others or between them."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, PrivateAttr

from mashbill.models.references import ModelRef
from mashbill.transforms.augmenters.base import Edit, Edits, Rate, Request, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import SOLO, SPACE
from mashbill.transforms.augmenters.keeping import keep_labels
from mashbill.transforms.augmenters.masking import allowed, hide, spans
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
DRAW_SHIFT = 40  # a place and the number of a draw in one integer
TOKENS = "token ids"  # of each text, in the batch's memo


class Candidates(NamedTuple):
    """What the model proposes for places of a batch, best first.

    Attributes:
        sites: the places.
        like: for each, the word whose casing and script a candidate follows.
        numbers, logits: the candidates and their scores, [places, candidates].
        fits: which of them may come there, bool [places, candidates].
    """

    sites: Sites
    like: Sequence[str]
    numbers: np.ndarray
    logits: np.ndarray
    fits: np.ndarray

    def of(self, rows: Sequence[int]) -> "Candidates":
        """Those for some texts of the batch."""
        here = np.flatnonzero(np.isin(self.sites.rows, rows))
        arrays = (self.numbers[here], self.logits[here], self.fits[here])
        return Candidates(self.sites.take(here), [self.like[i] for i in here.tolist()], *arrays)


class Contextual(TokenAugmenter):
    """Common to substitution and insertion: all words of a text are filled in one forward.

    A subclass's `sites` have a `Slot` each as their option, and `wanted` says what may come there.
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
        found = self.candidates(batch, self.drawn_sites(batch), labels)

        def draw(rows: Sequence[int], n: int) -> list[list[Edit]]:
            edits = self._draw(batch, found if n == 0 else found.of(rows), n)
            return [edits[row] for row in rows]

        if self.keep_label is None or labels is None:
            return Edits.of(draw(range(len(texts)), 0))
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

    def words_in_reach(self, batch: TextBatch) -> Sites:
        """The free words that are made of whole tokens of the model; a Slot as option of each.

        The batch remembers its tokens.
        """
        lm = self._lm
        encodings = lm.encode(batch.texts)
        batch.memo[TOKENS] = [encoding.ids for encoding in encodings]
        first, last, exact = spans(encodings, (lm.leading, lm.trailing), batch)
        slots = list(zip(first.tolist(), last.tolist(), strict=True))
        return batch.free_words._replace(options=slots).where(exact)

    def behind(self, batch: TextBatch, sites: Sites) -> list[str]:
        """What follows the new word of each site."""
        del batch
        return [""] * len(sites.starts)

    def wanted(self, batch: TextBatch, sites: Sites) -> tuple[list[set[str]], list[str]]:
        """For each site the words that must not come there, and one to follow in casing."""
        raise NotImplementedError

    def candidates(
        self, batch: TextBatch, sites: Sites, labels: Sequence[int | None] | None
    ) -> Candidates:
        """The model's best candidates for the sites that it can reach."""
        lm = self._lm
        avoid, like = self.wanted(batch, sites)
        bounds = np.flatnonzero(np.diff(sites.rows, prepend=-1, append=-1)).tolist()
        rows = sites.rows[bounds[:-1]].tolist()
        plans = [
            hide(
                batch.memo[TOKENS][row], sites.options[a:b], lm.mask_id, lm.max_length, lm.trailing
            )
            for row, (a, b) in zip(rows, pairwise(bounds), strict=True)
        ]
        masked = [
            first + i
            for first, plan in zip(bounds[:-1], plans, strict=True)
            for i in range(len(plan.columns))
        ]
        before = lm.forward_seconds
        numbers, logits = lm.fill(
            [plan.ids for plan in plans],
            [plan.columns for plan in plans],
            TIMES * self.top_k + SPARE,
            labels and [labels[row] for row in rows],
        )
        self._seconds += lm.forward_seconds - before
        like = [like[i] for i in masked]
        fits = allowed(lm.words, numbers, [avoid[i] for i in masked], like)
        sites = sites.take(np.array(masked, np.int64))
        fits &= self.suits(batch, sites, numbers)
        best = np.where(fits, logits, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
        if self.min_p > 0:
            fits &= logits >= best + log(self.min_p)
        return Candidates(sites, like, numbers, logits, fits)

    def suits(self, batch: TextBatch, sites: Sites, numbers: np.ndarray) -> np.ndarray:
        """Which candidates are words of the kind that a site wants: bool, as `numbers`."""
        del batch, sites
        return _known(self._lm.words, self._language, self.wordnet)[numbers]

    def _draw(self, batch: TextBatch, found: Candidates, n: int) -> list[list[Edit]]:
        """The edits of the n-th draw from the candidates."""
        from mashbill.models.sampling import draw

        sites = found.sites
        places = sites.starts - batch.offsets[sites.rows]
        drawn = draw(
            found.numbers,
            found.logits,
            found.fits,
            batch.seeds[sites.rows],
            places + (n << DRAW_SHIFT),
            top_k=self.top_k,
            top_p=self.top_p,
            temperature=self.temperature,
        ).tolist()
        words = self._lm.words
        made = [
            None if number < 0 else match_case(near, words[number]) + behind
            for near, number, behind in zip(
                found.like, drawn, self.behind(batch, sites), strict=True
            )
        ]
        return self.edits(batch, sites, made).lists()


class Substitute(Contextual):
    """Words are replaced by others that fit the context, in the casing of what they replace."""

    name: ClassVar[str] = "contextual.substitute"
    mends: ClassVar[bool] = True

    rate: Rate = 0.05

    def sites(self, batch: TextBatch) -> Sites:
        """No function words, for which nothing else can stand, and no names."""
        sites, language = self.words_in_reach(batch), self.language
        words = batch.strings(batch.words)
        places = np.searchsorted(batch.words.starts, sites.starts).tolist()
        kept = [
            (words[place].isalpha() if words[place].isascii() else True)
            and (len(words[place]) > 1 or not words[place].isascii())
            and words[place].lower() not in language.function_words
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

    def suits(self, batch: TextBatch, sites: Sites, numbers: np.ndarray) -> np.ndarray:
        candidates = self._lm.words
        if self.wordnet is None:
            kinds, of_words = _endings(candidates, self._language)
            wanted = [self.language.kind(word.lower()) for word in batch.strings(sites)]
            wanted = np.array([of_words.get(kind, -1) for kind in wanted], np.int64)
            return (kinds[numbers] == wanted[:, None]) & (kinds[numbers] >= 0)
        fits = np.zeros(numbers.shape, bool)
        for i, use in enumerate(self._lexicon.uses(batch, sites)):
            kinds = [use.kinds[candidates[n].lower()] for n in numbers[i].tolist()]
            fits[i] = [kind == use.kind for kind in kinds]
        return fits

    def wanted(self, batch: TextBatch, sites: Sites) -> tuple[list[set[str]], list[str]]:
        words, following = batch.strings(sites), _following(batch, sites)
        like = [
            word.lower()
            if word in self.language.always_capital and _within_sentence(batch, start)
            else word
            for word, start in zip(words, sites.starts.tolist(), strict=True)
        ]
        avoid = [
            {word.casefold(), self.language.never_before(after)}
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
        right = self.words_in_reach(batch)
        left = np.searchsorted(batch.words.starts, right.starts) - 1
        gaps = right.starts - batch.words.ends[left]
        near = (left >= 0) & (batch.words.rows[left] == right.rows)
        spaced = (gaps == 1) & self._spaced(batch, right)
        flags = batch.flags
        near &= spaced | (
            (gaps == 0) & ((flags[right.starts] & flags[right.starts - 1] & SOLO) != 0)
        )
        right = right.where(near)
        slots = [(first, first) for first, _ in right.options]
        left = batch.strings(
            batch.words.take(np.searchsorted(batch.words.starts, right.starts) - 1)
        )
        apart = np.array([not self.language.leads(word) for word in left], bool)
        return Sites(right.rows, right.starts, right.starts, slots).where(apart)

    def behind(self, batch: TextBatch, sites: Sites) -> list[str]:
        return [" " if spaced else "" for spaced in self._spaced(batch, sites)]

    @staticmethod
    def _spaced(batch: TextBatch, sites: Sites) -> np.ndarray:
        return (batch.flags[sites.starts - 1] & SPACE) != 0

    def wanted(self, batch: TextBatch, sites: Sites) -> tuple[list[set[str]], list[str]]:
        after = np.searchsorted(batch.words.starts, sites.starts)
        words = batch.strings(batch.words)
        neighbours = [(words[i - 1], words[i]) for i in after.tolist()]
        avoid = [
            {left.casefold(), right.casefold(), self.language.never_before(right)}
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
    found = [
        numbers[kind] if kind is not None and _is_whole(word) and known.is_word(word) else -1
        for word, kind in zip(words, kinds, strict=True)
    ]
    return np.array(found, np.int64), numbers


def _following(batch: TextBatch, sites: Sites) -> list[str]:
    """The word behind each site, "" where its text has none."""
    words = batch.strings(batch.words)
    after = np.searchsorted(batch.words.starts, sites.ends)
    same = np.append(batch.words.rows, -1)[after] == sites.rows
    return [words[i] if here else "" for i, here in zip(after.tolist(), same.tolist(), strict=True)]


def _within_sentence(batch: TextBatch, place: int) -> bool:
    before = batch.joined[max(0, place - 4) : place].rstrip(" ")
    return bool(before) and before[-1] not in f"{batch.language.full_stops}\n"
