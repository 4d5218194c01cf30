"""Near-duplicates among source examples, by MinHash (Broder 1997) over word pairs."""

from collections.abc import Iterator, Sequence
from heapq import nsmallest
from itertools import pairwise
from typing import NamedTuple

from datasketch import MinHash, MinHashLSH

from mashbill.models.tasks.words import spaced_words

SIMILAR = 0.7  # Jaccard similarity of the word pairs
PERMUTATIONS = 64
SHOWN = 10


class Pair(NamedTuple):
    """Two source examples, and the Jaccard similarity of their word pairs."""

    first: dict
    second: dict
    similarity: float


class Duplicates(NamedTuple):
    """Near-duplicates among the source examples.

    Attributes:
        rows: source examples looked at.
        similar: those that have a near-duplicate among them.
        across: those of them that have one in another split.
        pairs: the most similar ones, those across splits first.
    """

    rows: int
    similar: int
    across: int
    pairs: list[Pair]


def near_duplicates(sources: Sequence[dict]) -> Duplicates:
    """Looks for pairs among rows with `text` and `split`; a pair that MinHash finds is checked."""
    shingles = [_shingles(row["text"]) for row in sources]
    empty = MinHash(PERMUTATIONS, seed=1)
    hashes = [_hash(of_text, empty.copy()) for of_text in shingles]
    index = MinHashLSH(SIMILAR, PERMUTATIONS)
    similar: set[int] = set()
    crossing: set[int] = set()

    def found() -> Iterator[tuple[bool, float, int, int]]:
        """The pairs one by one: where texts follow a template there are millions."""
        for row, mine in enumerate(hashes):
            for other in index.query(mine):
                shared = len(shingles[row] & shingles[other])
                similarity = shared / (len(shingles[row]) + len(shingles[other]) - shared)
                if similarity >= SIMILAR:
                    within = sources[row]["split"] == sources[other]["split"]
                    similar.update((row, other))
                    crossing.update(() if within else (row, other))
                    yield within, -similarity, other, row
            index.insert(row, mine)

    shown = nsmallest(SHOWN, found())
    return Duplicates(
        rows=len(sources),
        similar=len(similar),
        across=len(crossing),
        pairs=[Pair(sources[a], sources[b], -negative) for _, negative, a, b in shown],
    )


def _shingles(text: str) -> frozenset[str]:
    words = spaced_words(text.casefold())
    return frozenset(map(" ".join, pairwise(words))) or frozenset([text.casefold()])


def _hash(shingles: frozenset[str], signature: MinHash) -> MinHash:
    signature.update_batch([shingle.encode("utf-8", "replace") for shingle in shingles])
    return signature
