"""Sources that say nearly the same: MinHash over shingles, and bands of it as keys of a shuffle.

Broder 1997, "On the resemblance and containment of documents"; Leskovec, Rajaraman and Ullman,
"Mining of Massive Datasets", 3.4, on bands; Li and König 2010, "b-Bit Minwise Hashing".
"""

import functools
import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from mashbill.models.tasks.words import spaced_words
from mashbill.transforms.examples import SPLITS, normalise
from mashbill.transforms.filters.base import Filter

PERMUTATIONS = 128
WEIGHTS = (0.2, 0.8)  # of false and of missed candidates, of which the false ones are found out
COMPARED = 8  # rows of a bucket, and its first, that each row is held against

HELD_OUT, LABELLED, UNLABELLED = range(3)  # whose near-duplicates go, best first
BANDS = pa.schema(
    [
        ("band", pa.uint64()),  # a hash of the band's number and its MinHash values
        ("rank", pa.uint8()),
        ("high", pa.uint64()),  # the two halves of the source's id
        ("low", pa.uint64()),
        ("sketch", pa.binary(PERMUTATIONS // 4)),  # two bits of each MinHash value
    ]
)


class NearDuplicate(Filter):
    """Drops train sources that are nearly equal to a better one: to one of validation or test, then
    to one with a gold label, then to one whose id is smaller.

    Two texts are nearly equal if the estimated Jaccard similarity of their shingles is `threshold`
    or more. Rows of validation and test always stay.
    """

    kind: Literal["near_duplicate"] = Field(
        "near_duplicate", description="drops train texts that are nearly the same as another text"
    )
    threshold: float = Field(
        0.8,
        ge=0.5,
        le=0.95,
        description="Jaccard similarity of the shingles of two texts from which on they are "
        "near-duplicates",
    )
    unit: Literal["characters", "words"] = Field(
        "characters",
        description="what a shingle is a run of; words are what stands between spaces, and each "
        "letter of a script without spaces",
    )
    size: int = Field(5, ge=1, le=50, description="length of a shingle in this unit")

    reads: ClassVar[tuple[str, ...]] = ("text", "text_pair", "source_id", "split", "label")
    reasons: ClassVar[tuple[str, ...]] = ("near_duplicate",)
    of_sources: ClassVar[bool] = True
    of_variants: ClassVar[bool] = False

    def bands(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Several rows, columns of `BANDS`, for each source example."""
        texts, pairs = (batch.column(name).to_pylist() for name in ("text", "text_pair"))
        shingles = [self.shingles(*pair) for pair in zip(texts, pairs, strict=True)]
        values = _values(shingles)
        keys = _keys(values, *bands_and_rows(self.threshold))
        times = keys.shape[1]
        high, low = _halves(batch.column("source_id").to_pylist())
        columns = {
            "band": keys.ravel(),
            "rank": np.repeat(_ranks(batch), times),
            "high": np.repeat(high, times),
            "low": np.repeat(low, times),
            "sketch": pa.array([one for one in _sketches(values) for _ in range(times)]),
        }
        return pa.RecordBatch.from_arrays(
            [pa.array(columns[field.name], field.type) for field in BANDS], schema=BANDS
        )

    def losers(self, bands: Iterable[pa.RecordBatch]) -> set[str]:
        """The ids of the sources that go.

        Args:
            bands: columns of `BANDS`, with all rows of each band that occurs.
        """
        table = pa.Table.from_batches(list(bands), BANDS).combine_chunks()
        band, rank, high, low = (table[name].to_numpy() for name in BANDS.names[:4])
        sketch = np.frombuffer(b"".join(table["sketch"].to_pylist()), np.uint8)
        sketch = sketch.reshape(len(band), PERMUTATIONS // 4)
        rank = _best_ranks(rank, high, low)
        order = _unique(np.lexsort((low, high, rank, band)), band, high, low)
        band, rank, high, low, sketch = (
            column[order] for column in (band, rank, high, low, sketch)
        )
        goes = np.zeros(len(band), bool)
        rows = np.arange(len(band))
        for better in _better(band, rows):
            pairs = np.flatnonzero((better < rows) & (rank > HELD_OUT) & ~goes)
            similar = _similarity(sketch[pairs], sketch[better[pairs]])
            goes[pairs[similar >= self.threshold]] = True
        return {f"{a:016x}{b:016x}" for a, b in zip(high[goes], low[goes], strict=True)}

    def drops(self, batch: pa.RecordBatch) -> Mapping[str, np.ndarray]:
        """As if the batch were the whole corpus."""
        gone = self.losers([self.bands(batch)])
        return {"near_duplicate": np.isin(batch.column("source_id").to_pylist(), list(gone))}

    def shingles(self, text: str, text_pair: str | None) -> set[bytes]:
        """Runs of characters or words of the normalised text; of a pair, of both texts in a row."""
        whole = (
            normalise(text) if text_pair is None else f"{normalise(text)}\n{normalise(text_pair)}"
        )
        parts: Sequence[str] = whole if self.unit == "characters" else spaced_words(whole)
        join = "" if self.unit == "characters" else " "
        last = max(1, len(parts) - self.size + 1)
        return {join.join(parts[i : i + self.size]).encode("utf-8", "replace") for i in range(last)}


@functools.cache
def bands_and_rows(threshold: float) -> tuple[int, int]:
    """How many bands, and how many MinHash values in each, find pairs of this similarity."""
    from datasketch import MinHashLSH  # and with it all of scipy, which a recipe does without

    index = MinHashLSH(threshold, PERMUTATIONS, weights=WEIGHTS)
    return index.b, index.r


def _values(shingles: Sequence[set[bytes]]) -> np.ndarray:
    """MinHash values: uint32 [texts, PERMUTATIONS]."""
    from datasketch import MinHash

    hashes = MinHash.generator(shingles, num_perm=PERMUTATIONS, seed=1, hashfunc=zlib.crc32)
    return np.array([one.hashvalues for one in hashes], np.uint32).reshape(-1, PERMUTATIONS)


def _keys(values: np.ndarray, bands: int, rows: int) -> np.ndarray:
    """A hash of each band: uint64 [texts, bands]."""
    keys = np.empty((len(values), bands), np.uint64)
    for band in range(bands):
        part = np.ascontiguousarray(values[:, band * rows : (band + 1) * rows])
        for text, content in enumerate(part):
            key = hashlib.blake2b(content, digest_size=8, salt=band.to_bytes(8))
            keys[text, band] = int.from_bytes(key.digest())
    return keys


def _sketches(values: np.ndarray) -> list[bytes]:
    """Two bits of each value; the lowest depend on too little, the highest are 0 in minima."""
    bits = np.stack([values >> 4 & 1, values >> 5 & 1], axis=2).astype(np.uint8)
    packed = np.packbits(bits.reshape(len(values), 2 * PERMUTATIONS), axis=1)
    return [row.tobytes() for row in packed]


def _similarity(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Estimated Jaccard similarity of sketches, uint8 [n, bytes]; its standard error is 0.04."""
    differ = some ^ others
    different = np.bitwise_count((differ | differ >> 1) & 0b01010101).sum(axis=1)
    return 1 - different / PERMUTATIONS * 4 / 3  # two bits are alike by chance in one of four


def _ranks(batch: pa.RecordBatch) -> np.ndarray:
    """uint8 [rows]."""
    train = np.array([split == SPLITS[0] for split in batch.column("split").to_pylist()], bool)
    bare = batch.column("label").is_null().to_numpy(zero_copy_only=False)
    return np.where(train, np.where(bare, UNLABELLED, LABELLED), HELD_OUT).astype(np.uint8)


def _halves(ids: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.array([int(i[a : a + 16], 16) for i in ids], np.uint64) for a in (0, 16))


def _best_ranks(rank: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Of each row's source: the same text may be in several corpora, splits and files."""
    order = np.lexsort((low, high))
    first = _begins(high[order], low[order])
    best = np.minimum.reduceat(rank[order], np.flatnonzero(first)) if len(rank) else rank
    ranks = np.empty_like(rank)
    ranks[order] = best[np.cumsum(first) - 1] if len(rank) else best
    return ranks


def _unique(order: np.ndarray, *columns: np.ndarray) -> np.ndarray:
    """The order without rows that repeat the one before."""
    return order[_begins(*(column[order] for column in columns))]


def _begins(*columns: np.ndarray) -> np.ndarray:
    """Where a row differs from the one before it: bool [rows]."""
    first = np.ones(len(columns[0]), bool)
    first[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return first


def _better(band: np.ndarray, rows: np.ndarray) -> Iterable[np.ndarray]:
    """Places of rows of the same band to hold each row against; its own where there is none."""
    starts = np.flatnonzero(_begins(band))
    first = np.repeat(starts, np.diff([*starts, len(band)]))
    for back in range(1, COMPARED + 1):
        yield np.maximum(rows - back, first)
    yield first
