"""Words that a masked language model proposes, in place of others or between them."""

from functools import cached_property, lru_cache
from typing import Any, ClassVar

import numpy as np

from mashbill.transforms.augmenters.base import Rate
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import SOLO, SPACE
from mashbill.transforms.augmenters.choice import Choice
from mashbill.transforms.augmenters.filling import Contextual, is_whole
from mashbill.transforms.augmenters.masking import Limit
from mashbill.transforms.augmenters.word_cache import WordCache
from mashbill.transforms.languages.registry import language_of

NO_KIND = -2  # of a place where no candidate may come


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

    def fill(self, batch: TextBatch, sites: Sites, choice: Choice, **what: Any) -> np.ndarray:
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
def _endings(words: tuple[str, ...], language: str) -> tuple[np.ndarray, dict[str, int]]:
    """The number of each word's kind, -1 if it may not come; and the kinds' numbers."""
    known = language_of(language)
    kinds = [known.kind(word.lower()) for word in words]
    numbers = {kind: i for i, kind in enumerate(dict.fromkeys(k for k in kinds if k is not None))}
    endings = [
        numbers[kind] if kind is not None and is_whole(word) and known.is_word(word) else -1
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
