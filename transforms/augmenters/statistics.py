"""Word counts of a corpus, for augmenters that draw from them."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

from mashbill.transforms.augmenters.batch import TextBatch
from mashbill.transforms.augmenters.mentions import Company, Mentions, companies_of, gathered
from mashbill.transforms.augmenters.protection import guard
from mashbill.transforms.augmenters.shown_texts import Shown, shown_of, smallest
from mashbill.transforms.examples import content_hash, source_id_of
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE, language_of

AT_ONCE = 2000  # texts


@dataclass(frozen=True)
class Statistics:
    """Counts of lower-cased words, and what named entities are called.

    Attributes:
        documents: how many texts were counted.
        counts: how often each word occurs, the most frequent first.
        document_counts: in how many texts each word occurs; the same words.
        mentions: of the train split, in a task of named entities.
        shown: some texts of the train split, in an order that is random and always the same.
    """

    documents: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    document_counts: dict[str, int] = field(default_factory=dict)
    mentions: Mentions = field(default_factory=Mentions)
    shown: tuple[Shown, ...] = ()

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        limit: int | None = None,
        language: str = DEFAULT_LANGUAGE,
        labels: Sequence[Any] = (),
        types: Sequence[str] = (),
    ) -> "Statistics":
        """Of texts and, where these have named entities, their labels and the types' names."""
        counting = Counting(language, types)
        counting.add(texts)
        ids = [content_hash(source_id_of(text)) for text in texts]
        counting.add_shown(ids, texts, labels or [None] * len(texts))
        if types:
            counting.add_mentions(texts, labels)
        return counting.finish(limit)

    def idf(self, word: str) -> float:
        """Natural logarithm of texts over texts with the (lower-cased) word, at least one."""
        return math.log(max(self.documents, 1) / max(self.document_counts.get(word, 1), 1))


class Counting:
    """Adds texts up; what several of these counted can be merged in any order.

    Args:
        language: of the texts; it says what a word is.
        types: of the named entities that are gathered; empty for none.
    """

    def __init__(self, language: str = DEFAULT_LANGUAGE, types: Sequence[str] = ()) -> None:
        self.language, self.types = language, tuple(types)
        self.companies: set[Company] = set()
        self.shown: list[Shown] = []
        self.documents = 0
        self.counts: Counter[str] = Counter()
        self.document_counts: Counter[str] = Counter()

    def add(self, texts: Iterable[str]) -> None:
        for text_words in words_of(list(texts), self.language):
            self.documents += 1
            self.counts.update(text_words)
            self.document_counts.update(set(text_words))

    def add_mentions(self, texts: Sequence[str], labels: Sequence[Any]) -> None:
        """Those of some texts, by their gold labels."""
        self.companies |= companies_of(texts, labels)

    def add_shown(self, places: Sequence[int], texts: Sequence[str], labels: Sequence[Any]) -> None:
        """Some texts of the train split; see `Shown`."""
        self.shown = smallest([*self.shown, *shown_of(places, texts, labels)])

    def merge(self, other: "Counting") -> None:
        self.companies |= other.companies
        self.shown = smallest([*self.shown, *other.shown])
        self.documents += other.documents
        self.counts.update(other.counts)
        self.document_counts.update(other.document_counts)

    def finish(self, limit: int | None = None, most_companies: int | None = None) -> Statistics:
        """The `limit` most frequent words; of equally frequent ones the first by code point."""
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
        in_texts = {word: self.document_counts[word] for word, _ in ranked}
        mentions = gathered(self.types, self.companies, most_companies)
        return Statistics(self.documents, dict(ranked), in_texts, mentions, tuple(self.shown))


def words_of(texts: Sequence[str], language: str = DEFAULT_LANGUAGE) -> list[list[str]]:
    """The words of each text, lower-cased, cut as the augmenters cut them."""
    nothing = guard((), ())
    batch = TextBatch(texts, [0] * len(texts), nothing, frozenset(), language_of(language))
    words = [word.lower() for word in batch.strings(batch.words)]
    bounds = batch.bounds_of(batch.words.starts).tolist()
    return [words[first:last] for first, last in pairwise(bounds)]


def word_places(language: str) -> Callable[[Sequence[str]], Iterator[list[tuple[int, int]]]] | None:
    """What finds the places of the words of some texts; None where spaces and characters tell."""
    return partial(_word_places, language) if language_of(language).joins else None


def _word_places(language: str, texts: Sequence[str]) -> Iterator[list[tuple[int, int]]]:
    for begin in range(0, len(texts), AT_ONCE):
        some = texts[begin : begin + AT_ONCE]
        batch = TextBatch(some, [0] * len(some), guard((), ()), frozenset(), language_of(language))
        words = batch.words
        firsts = batch.offsets[words.rows]
        starts, ends = (words.starts - firsts).tolist(), (words.ends - firsts).tolist()
        places = list(zip(starts, ends, strict=True))
        for first, last in pairwise(batch.bounds_of(words.starts).tolist()):
            yield places[first:last]
