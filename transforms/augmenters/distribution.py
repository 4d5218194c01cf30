"""Words are drawn from how the corpus uses them."""

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from pydantic import PrivateAttr

from mashbill.transforms.augmenters.base import Rate
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.augmenters.vocabulary import VocabularyAugmenter
from mashbill.transforms.augmenters.word_cache import WordCache


class Unigram(VocabularyAugmenter):
    """Words become words of the corpus, as often as these occur in it."""

    name: ClassVar[str] = "distribution.unigram"
    source: ClassVar[str] = "Xie et al. 2017, Data Noising as Smoothing in Neural Network LMs"

    rate: Rate = 0.05

    def word_weights(self, statistics: Statistics) -> Sequence[float]:
        return list(statistics.counts.values())


class TfIdf(VocabularyAugmenter):
    """Words that tell little about their text become words that tell little about any.

    A word goes with a probability proportional to max(tf-idf of the text) - (its tf-idf), the rate
    on average; one comes with a probability proportional to max(s) - s, where s is a word's
    frequency in the corpus times its idf.
    """

    name: ClassVar[str] = "distribution.tfidf"
    source: ClassVar[str] = "Xie et al. 2020, Unsupervised Data Augmentation, appendix"

    rate: Rate = 0.05

    _idf: WordCache | None = PrivateAttr(None)

    def with_statistics(self, statistics: Statistics) -> Self:
        bound = super().with_statistics(statistics)
        bound._idf = WordCache(_Idf(statistics))
        return bound

    def word_weights(self, statistics: Statistics) -> Sequence[float]:
        scores = np.array([n * statistics.idf(word) for word, n in statistics.counts.items()])
        missing = scores.max(initial=0.0) - scores
        return (missing if missing.any() else np.ones(len(scores))).tolist()

    def weights(self, batch: TextBatch, sites: Sites) -> np.ndarray | float:
        if not len(sites.rows):
            return 1.0
        spelled = batch.strings(sites)
        numbers: dict[str, int] = {}
        words = np.array([numbers.setdefault(w.lower(), len(numbers)) for w in spelled])
        _, which, counts = np.unique(
            sites.rows * len(numbers) + words, return_inverse=True, return_counts=True
        )
        sizes = np.bincount(sites.rows, minlength=len(batch.texts))
        idf = self._idf
        tfidf = counts[which] * np.array([idf[word] for word in spelled]) / sizes[sites.rows]
        most = np.zeros(len(batch.texts))
        np.maximum.at(most, sites.rows, tfidf)
        missing = most[sites.rows] - tfidf
        mean = np.bincount(sites.rows, missing, len(batch.texts)) / np.maximum(sizes, 1)
        mean = mean[sites.rows]
        return np.where(mean > 0, np.maximum(missing, 1e-9) / np.where(mean > 0, mean, 1), 1.0)


class _Idf:
    """Picklable: the idf of a word in any casing."""

    def __init__(self, statistics: Statistics):
        self._statistics = statistics

    def __call__(self, word: str) -> float:
        return self._statistics.idf(word.lower())
