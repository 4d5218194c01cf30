"""Word counts of a corpus, for augmenters that draw from them."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import orjson

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.batch import TextBatch
from mashbill.transforms.augmenters.protection import guard
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE, language_of


@dataclass(frozen=True)
class Statistics:
    """Counts of lower-cased words.

    Attributes:
        documents: how many texts were counted.
        counts: how often each word occurs, the most frequent first.
        document_counts: in how many texts each word occurs; the same words.
    """

    documents: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    document_counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, texts: Iterable[str], limit: int | None = None, language: str = DEFAULT_LANGUAGE
    ) -> "Statistics":
        counting = Counting(language)
        counting.add(texts)
        return counting.finish(limit)

    def idf(self, word: str) -> float:
        """Natural logarithm of texts over texts with the (lower-cased) word, at least one."""
        return math.log(max(self.documents, 1) / max(self.document_counts.get(word, 1), 1))

    def to_json(self) -> bytes:
        rows = [(word, count, self.document_counts[word]) for word, count in self.counts.items()]
        return orjson.dumps({"documents": self.documents, "words": rows})

    @classmethod
    def from_json(cls, data: bytes) -> "Statistics":
        """Raises MashbillError: not what `to_json` wrote."""
        try:
            read = orjson.loads(data)
            words = read["words"]
            counts = {word: int(count) for word, count, _ in words}
            return cls(int(read["documents"]), counts, {word: int(n) for word, _, n in words})
        except (KeyError, TypeError, ValueError) as error:
            raise MashbillError(f"not the statistics of a corpus: {error}") from None


class Counting:
    """Adds texts up; what several of these counted can be merged in any order.

    Args:
        language: of the texts; it says what a word is.
    """

    def __init__(self, language: str = DEFAULT_LANGUAGE) -> None:
        self.language = language
        self.documents = 0
        self.counts: Counter[str] = Counter()
        self.document_counts: Counter[str] = Counter()

    def add(self, texts: Iterable[str]) -> None:
        for text_words in words_of(list(texts), self.language):
            self.documents += 1
            self.counts.update(text_words)
            self.document_counts.update(set(text_words))

    def merge(self, other: "Counting") -> None:
        self.documents += other.documents
        self.counts.update(other.counts)
        self.document_counts.update(other.document_counts)

    def finish(self, limit: int | None = None) -> Statistics:
        """The `limit` most frequent words; of equally frequent ones the first by code point."""
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
        return Statistics(
            self.documents, dict(ranked), {word: self.document_counts[word] for word, _ in ranked}
        )


def words_of(texts: Sequence[str], language: str = DEFAULT_LANGUAGE) -> list[list[str]]:
    """The words of each text, lower-cased, cut as the augmenters cut them."""
    nothing = guard((), ())
    batch = TextBatch(texts, [0] * len(texts), nothing, frozenset(), language_of(language))
    words = [word.lower() for word in batch.strings(batch.words)]
    bounds = batch.bounds_of(batch.words.starts).tolist()
    return [words[first:last] for first, last in pairwise(bounds)]
