"""Words are replaced by their nearest neighbours in word vectors."""

import functools
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from mashbill.transforms.augmenters import vectors
from mashbill.transforms.augmenters.base import Rate
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.english import FUNCTION_WORDS, verbs
from mashbill.transforms.augmenters.lookup import CACHE_WORDS, Lookup
from mashbill.transforms.augmenters.names import is_name
from mashbill.transforms.augmenters.spelling import regular_form

SPARE = 4  # so many times top_k neighbours are looked at, since some do not fit
ENDINGS = ("ing", "ed", "ly", "s")  # of English words; a neighbour has the same


class EmbeddingSynonym(Lookup):
    """Words become near neighbours in word vectors, each with the same probability.

    A neighbour is no function word, no other form of the word, and ends alike (-s, -ed, -ing, -ly);
    names stay. Words that are used alike are near, opposites too: filter by the teacher.
    """

    name: ClassVar[str] = "synonym.embedding"
    source: ClassVar[str] = "Wang & Yang 2015, That's So Annoying!!!; Jiao et al. 2020, TinyBERT"
    mends_articles: ClassVar[bool] = True

    rate: Rate = 0.2

    vectors: str = Field(min_length=1, description="a folder (.npy, .parquet) or a text file")
    top_k: int = Field(10, ge=1, description="draws from so many neighbours")
    min_similarity: float = Field(0.8, ge=-1, le=1, description="cosine that a neighbour must have")
    vocabulary: int = Field(50_000, ge=1, description="words of the file that are used")

    def sites(self, batch: TextBatch) -> Sites:
        words, free = batch.words, batch.free_words
        spelled = batch.strings(words)
        places = np.searchsorted(words.starts, free.starts).tolist()
        known = self._neighbours({spelled[place].lower() for place in places})
        options = [known[spelled[place].lower()] for place in places]
        kept = [
            number
            for number, (place, option) in enumerate(zip(places, options, strict=True))
            if option
            and not (spelled[place][0].isupper() and is_name(batch, words, spelled, place))
        ]
        return free._replace(options=options).take(np.array(kept, np.int64))

    def _neighbours(self, words: set[str]) -> Mapping[str, Sequence[str]]:
        known = _neighbours(self.vectors, self.vocabulary, self.top_k, self.min_similarity)
        missing = words - known.keys()
        if len(known) + len(missing) > CACHE_WORDS:
            known.clear()
            missing = words
        wanted = sorted(word for word in missing if word not in FUNCTION_WORDS)
        table = vectors.load(self.vectors, self.vocabulary)
        found = table.neighbours(wanted, SPARE * self.top_k, self.min_similarity)
        known.update(dict.fromkeys(missing, ()))
        for word, near in found.items():
            known[word] = tuple(other for other in near if _fits(word, other))[: self.top_k]
        return known


def _fits(word: str, other: str) -> bool:
    return (
        other not in FUNCTION_WORDS
        and _ending(word) == _ending(other)
        and not _forms(word) & _forms(other)
    )


def _ending(word: str) -> str:
    return next((ending for ending in ENDINGS if word.endswith(ending)), "")


@functools.lru_cache(CACHE_WORDS)
def _forms(word: str) -> frozenset[str]:
    """The word, and what it would be in other forms if it were the base of them."""
    verb = verbs().get(word)
    regular = {regular_form(word, "v", form) for form in ("s", "past", "ing")}
    compared = {regular_form(word, "a", form) for form in ("er", "est")}
    return frozenset({word, *regular, *compared, *(verb or ())})


@functools.cache
def _neighbours(path: str, limit: int, count: int, least: float) -> dict[str, Sequence[str]]:
    """What was found so far, word by word."""
    del path, limit, count, least
    return {}
