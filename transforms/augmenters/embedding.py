"""Words are replaced by their nearest neighbours in word vectors."""

import functools
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from transforms.augmenters import vectors
from transforms.augmenters.batch import Sites, TextBatch
from transforms.augmenters.english import FUNCTION_WORDS
from transforms.augmenters.lookup import CACHE_WORDS, Lookup


class EmbeddingSynonym(Lookup):
    """Words become near neighbours in word vectors, each with the same probability.

    Words that are used alike are near, opposites too: filter what comes out by the teacher.
    """

    name: ClassVar[str] = "synonym.embedding"
    source: ClassVar[str] = "Wang & Yang 2015, That's So Annoying!!!; Jiao et al. 2020, TinyBERT"
    mends_articles: ClassVar[bool] = True

    vectors: str = Field(min_length=1, description="a folder (.npy, .parquet) or a text file")
    top_k: int = Field(10, ge=1, description="draws from so many neighbours")
    min_similarity: float = Field(0.7, ge=-1, le=1, description="cosine that a neighbour must have")
    vocabulary: int = Field(50_000, ge=1, description="words of the file that are used")

    def sites(self, batch: TextBatch) -> Sites:
        known = _neighbours(self.vectors, self.vocabulary, self.top_k, self.min_similarity)
        free = batch.free_words
        spelled = [word.lower() for word in batch.strings(free)]
        missing = [word for word in dict.fromkeys(spelled) if word not in known]
        if len(known) + len(missing) > CACHE_WORDS:
            known.clear()
            missing = list(dict.fromkeys(spelled))
        wanted = [word for word in missing if word not in FUNCTION_WORDS]
        known.update(dict.fromkeys(missing, ()))
        table = vectors.load(self.vectors, self.vocabulary)
        known.update(table.neighbours(wanted, self.top_k, self.min_similarity))
        options = [known[word] for word in spelled]
        places = [place for place, option in enumerate(options) if option]
        return free._replace(options=options).take(np.array(places, np.int64))


@functools.cache
def _neighbours(path: str, limit: int, count: int, least: float) -> dict[str, Sequence[str]]:
    """What was found so far, word by word."""
    del path, limit, count, least
    return {}
