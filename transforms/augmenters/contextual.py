"""Words that a masked language model proposes, in place of others or between them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, PrivateAttr

from transforms.augmenters.base import Edit, Rate, TokenAugmenter
from transforms.augmenters.batch import Sites, TextBatch
from transforms.augmenters.characters import SPACE
from transforms.augmenters.masking import Slot, TextTokens, allowed, hide
from transforms.augmenters.tokens import match_case, takes_an

if TYPE_CHECKING:
    from models.masked_lm import MaskedLM

KOBAYASHI = (
    "Kobayashi 2018, Contextual Augmentation, with a masked model as in Wu et al. 2019, "
    "Conditional BERT Contextual Augmentation, but without their condition on the label"
)
SPARE = 16  # candidates beyond top_k, since some may not be allowed
ONE_LETTER_WORDS = frozenset("aAiI")


class Contextual(TokenAugmenter):
    """Common to substitution and insertion: all words of a text are filled in one forward.

    A subclass's `sites` have a `Slot` each as their option.
    """

    uses_model: ClassVar[bool] = True
    source: ClassVar[str] = KOBAYASHI

    model: str = Field(min_length=1, description="masked language model: a folder, or hf://NAME")
    rate: Rate = 0.15
    top_k: int = Field(50, ge=1, le=1000, description="draws from so many candidates")
    top_p: float = Field(1.0, gt=0, le=1, description="and of these, up to this probability")
    temperature: float = Field(
        1.0, gt=0, allow_inf_nan=False, description="above 1 draws more evenly"
    )
    max_length: int = Field(128, ge=4, description="tokens; words beyond are left as they are")
    precision: Literal["fp32", "bf16", "auto"] = Field(
        "fp32", description="of the model; with bf16 a few draws depend on the batch"
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where the model computes")

    _seconds: float = PrivateAttr(0.0)

    @property
    def forward_seconds(self) -> float:
        return self._seconds

    def models(self) -> list[str]:
        return [self.model]

    def augment_batch(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        labels: Sequence[int | None] | None = None,
    ) -> list[list[Edit]]:
        """The edits of many texts, all of them sorted into common batches for the model.

        Raises:
            ModelError: the model cannot be loaded.
            RowError: the model gives no numbers for some text.
        """
        del labels
        if self.rate == 0 or not texts:
            return [[] for _ in texts]
        return self._augment_chunk(texts, seeds)

    def _load(self) -> "MaskedLM":
        from models.masked_lm import MaskedLM

        return MaskedLM.load(
            self.model, max_length=self.max_length, precision=self.precision, device=self.device
        )

    def words_in_reach(self, batch: TextBatch) -> Sites:
        """The free words that are made of whole tokens of the model; a Slot as option of each."""
        lm = self._load()
        words = batch.free_words
        offsets = batch.offsets.tolist()
        tokens = [TextTokens(e, lm.leading, lm.trailing) for e in lm.encode(batch.texts)]
        slots = []
        columns = (column.tolist() for column in words[:3])
        for row, start, end in zip(*columns, strict=True):
            span = tokens[row].span(start - offsets[row], end - offsets[row])
            slots.append(span and Slot(tokens[row], *span))
        found = np.flatnonzero(np.array([slot is not None for slot in slots], bool))
        return words._replace(options=slots).take(found)

    def propose(
        self, batch: TextBatch, sites: Sites, avoid: Sequence[set[str]], like: Sequence[str]
    ) -> list[str | None]:
        """A word for each site; None where no candidate is allowed."""
        from models.sampling import draw

        lm = self._load()
        bounds = np.flatnonzero(np.diff(sites.rows, prepend=-1, append=-1)).tolist()
        plans = [hide(sites.options[a:b], lm.mask_id, lm.max_length) for a, b in pairwise(bounds)]
        masked = [
            first + i
            for first, plan in zip(bounds[:-1], plans, strict=True)
            for i in range(len(plan.columns))
        ]
        before = lm.forward_seconds
        numbers, logits = lm.fill(
            [plan.ids for plan in plans], [plan.columns for plan in plans], self.top_k + SPARE
        )
        self._seconds += lm.forward_seconds - before
        kept = sites.take(np.array(masked, np.int64))
        fits = allowed(lm.words, numbers, [avoid[i] for i in masked], [like[i] for i in masked])
        drawn = draw(
            numbers,
            logits,
            fits,
            batch.seeds[kept.rows],
            kept.starts - batch.offsets[kept.rows],
            top_k=self.top_k,
            top_p=self.top_p,
            temperature=self.temperature,
        )
        words: list[str | None] = [None] * len(sites.rows)
        for place, number in zip(masked, drawn.tolist(), strict=True):
            words[place] = match_case(like[place], lm.words[number]) if number >= 0 else None
        return words


class Substitute(Contextual):
    """Words are replaced by others that fit the context, in the casing of what they replace."""

    name: ClassVar[str] = "contextual.substitute"
    mends_articles: ClassVar[bool] = True

    rate: Rate = 0.05

    def sites(self, batch: TextBatch) -> Sites:
        sites = self.words_in_reach(batch)
        return sites.where(
            np.array(
                [
                    len(word) > 1 or not word.isascii() or word in ONE_LETTER_WORDS
                    for word in batch.strings(sites)
                ],
                bool,
            )
        )

    def replacements(self, batch: TextBatch, sites: Sites) -> list[str | None]:
        everything = [*batch.strings(batch.words), ""]
        after = np.searchsorted(batch.words.starts, sites.ends).tolist()
        words = batch.strings(sites)
        like = [
            word.lower() if word == "I" and _within_sentence(batch, start) else word
            for word, start in zip(words, sites.starts.tolist(), strict=True)
        ]
        avoid = [
            {word.casefold(), _wrong_article(everything[place])}
            for word, place in zip(words, after, strict=True)
        ]
        return self.propose(batch, sites, avoid, like)


class Insert(Contextual):
    """Words that fit the context are put between others.

    Only between two words with nothing but a space between them, so that neither the start of a
    sentence nor its punctuation is touched, and not between an article and its word.
    """

    name: ClassVar[str] = "contextual.insert"

    def sites(self, batch: TextBatch) -> Sites:
        right = self.words_in_reach(batch)
        left = np.searchsorted(batch.words.starts, right.starts) - 1
        gaps = right.starts - batch.words.ends[left]
        near = (left >= 0) & (batch.words.rows[left] == right.rows) & (gaps == 1)
        near &= (batch.flags[right.starts - 1] & SPACE) != 0
        right = right.where(near)
        slots = [slot._replace(last=slot.first) for slot in right.options]
        left = batch.strings(
            batch.words.take(np.searchsorted(batch.words.starts, right.starts) - 1)
        )
        apart = np.array([word.lower() not in ("a", "an") for word in left], bool)
        return Sites(right.rows, right.starts, right.starts, slots).where(apart)

    def replacements(self, batch: TextBatch, sites: Sites) -> list[str | None]:
        after = np.searchsorted(batch.words.starts, sites.starts)
        words = batch.strings(batch.words)
        neighbours = [(words[i - 1], words[i]) for i in after.tolist()]
        avoid = [
            {left.casefold(), right.casefold(), _wrong_article(right)} for left, right in neighbours
        ]
        like = [
            right if all(len(w) > 1 and w.isupper() for w in (left, right)) else right.lower()
            for left, right in neighbours
        ]
        made = self.propose(batch, sites, avoid, like)
        return [None if word is None else f"{word} " for word in made]


def _wrong_article(word: str) -> str:
    """The indefinite article that does not go with the word."""
    return "a" if takes_an(word) else "an"


def _within_sentence(batch: TextBatch, place: int) -> bool:
    before = batch.joined[max(0, place - 4) : place].rstrip(" ")
    return bool(before) and before[-1] not in ".!?\n"
