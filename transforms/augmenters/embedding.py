"""Words are replaced by their nearest neighbours in word vectors."""

import functools
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from mashbill.transforms.augmenters import vectors
from mashbill.transforms.augmenters.base import Rate
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.lookup import Lookup
from mashbill.transforms.augmenters.word_cache import CACHE_WORDS
from mashbill.transforms.languages.base import Language

SPARE = 4  # so many times top_k neighbours are looked at, since some do not fit


class EmbeddingSynonym(Lookup):
    """Words become near neighbours in word vectors, each with the same probability.

    In English a neighbour is no function word, no other form of the word, and ends alike (-s, -ed,
    -ing, -ly). Names stay. Words that are used alike are near, opposites too: filter by the
    teacher.
    """

    name: ClassVar[str] = "synonym.embedding"
    source: ClassVar[str] = "Wang & Yang 2015, That's So Annoying!!!; Jiao et al. 2020, TinyBERT"
    mends: ClassVar[bool] = True
    file_parameters: ClassVar[tuple[str, ...]] = ("vectors",)

    rate: Rate = 0.2

    vectors: str = Field(
        min_length=1,
        description="word vectors: a folder with one .npy and one .parquet file, or a text file",
    )
    top_k: int = Field(10, ge=1, description="number of neighbours to draw from")
    min_similarity: float = Field(0.8, ge=-1, le=1, description="smallest cosine of a neighbour")
    vocabulary: int = Field(50_000, ge=1, description="number of words to read from the file")

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
            and not (
                spelled[place][0].isupper() and self.language.is_name(batch, words, spelled, place)
            )
        ]
        return free._replace(options=options).take(np.array(kept, np.int64))

    def _neighbours(self, words: set[str]) -> Mapping[str, Sequence[str]]:
        language, least = self.language, self.min_similarity
        known = _neighbours(self.vectors, self.vocabulary, self.top_k, least, language)
        missing = words - known.keys()
        if len(known) + len(missing) > CACHE_WORDS:
            known.clear()
            missing = words
        wanted = sorted(missing - language.function_words)
        table = vectors.load(self.vectors, self.vocabulary)
        near = table.neighbours(wanted, SPARE * self.top_k, least)
        known.update(dict.fromkeys(missing, ()))
        for word, others in near.items():
            fitting = (other for other in others if language.may_replace(word, other))
            known[word] = tuple(fitting)[: self.top_k]
        return known


@functools.cache
def _neighbours(
    path: str, limit: int, count: int, least: float, language: Language
) -> dict[str, Sequence[str]]:
    """The neighbours looked up so far, word by word."""
    del path, limit, count, least, language
    return {}
