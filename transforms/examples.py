"""An example: its columns between the stages, its identity, and what is derived from that."""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
ORIGINAL = "none"  # the augmenter of a source example
WRITES = "write."  # begins the names of augmenters whose texts are new

CLASS = pa.int16()  # the column `label` where a text has one class, see `Task.label_type`


def raw_schema(label: pa.DataType = CLASS) -> pa.Schema:
    """What readers give; `label` is the type of the column."""
    return pa.schema(
        [
            ("text", pa.string()),
            ("text_pair", pa.string()),
            ("label", label),
            ("corpus", pa.string()),
            ("split", pa.string()),  # null: the id decides
        ]
    )


def examples_schema(label: pa.DataType = CLASS) -> pa.Schema:
    """What travels between the stages; `label` is the type of the column."""
    return pa.schema(
        [
            ("id", pa.string()),
            ("source_id", pa.string()),
            ("text", pa.string()),
            ("text_pair", pa.string()),
            ("label", label),
            ("augmenter", pa.string()),
            ("copy", pa.int16()),
            ("corpus", pa.string()),
            ("split", pa.string()),
        ]
    )


RAW, EXAMPLES = raw_schema(), examples_schema()


def is_variant(batch: pa.RecordBatch) -> np.ndarray:
    """Bool [rows]; the others are source examples."""
    return np.array([name != ORIGINAL for name in batch.column("augmenter").to_pylist()], bool)


def is_new(batch: pa.RecordBatch) -> np.ndarray:
    """Bool [rows]; the variants that do not say what their sources say."""
    return np.array([WRITES in name for name in batch.column("augmenter").to_pylist()], bool)


def source_places(batch: pa.RecordBatch) -> np.ndarray:
    """The place of the source example that each row should say the same as, int64 [rows]; -1 where
    it is not in the batch, or the row is new."""
    source_ids = batch.column("source_id").to_pylist()
    places = {source_ids[place]: place for place in np.flatnonzero(~is_variant(batch)).tolist()}
    places_of = np.array([places.get(source_id, -1) for source_id in source_ids], np.int64)
    return np.where(is_new(batch), -1, places_of)


def normalise(text: str) -> str:
    """What makes two texts the same: NFKC, case folded, white space collapsed and trimmed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def source_id_of(text: str, text_pair: str | None = None) -> str:
    """128-bit blake2b of the normalised texts as hex; a pair differs from any single text."""
    first = normalise(text).encode()
    digest = hashlib.blake2b(first, digest_size=16)
    if text_pair is not None:
        second = normalise(text_pair).encode()
        digest.update(b"\0%d\0" % len(first) + second)
    return digest.hexdigest()


def variant_id(source_id: str, augmenter: str, copy: int) -> str:
    """128-bit hex id of a copy; `copy` counts from 1."""
    content = f"{source_id}\0{augmenter}\0{copy}".encode()
    return hashlib.blake2b(content, digest_size=16, person=b"variant").hexdigest()


def content_hash(source_id: str) -> int:
    """64 bits of the id, to look a text up in a large set."""
    return int(source_id[:16], 16)


def seed_of(run_seed: int, source_id: str, purpose: str, copy: int, attempt: int = 0) -> int:
    """The 64-bit seed of one random decision; it depends on nothing but these values."""
    content = f"{run_seed}\0{source_id}\0{purpose}\0{copy}\0{attempt}".encode()
    return _number(content, b"seed")


def shard_of(key: str, shards: int) -> int:
    return _number(key.encode(), b"shard") % shards


def fold_of(source_id: str, folds: int) -> int:
    """The part of the train split that a source and its variants are in, from 0."""
    return _number(source_id.encode(), b"fold") % folds


def place_of(source_id: str) -> int:
    """64 bits that order the examples: the first go to train, the next to validation."""
    return _number(source_id.encode(), b"split")


def split_of(source_id: str, fractions: Sequence[float]) -> str:
    """Train, validation or test by the id, with the given fractions (which sum to 1)."""
    place = place_of(source_id) / 2**64
    train, validation, _ = fractions
    if place < train:
        return "train"
    # A fraction of exactly 0 must stay empty, whatever rounding did to the sum.
    return "validation" if place < train + validation or not fractions[2] else "test"


class Strata(NamedTuple):
    """Where the rows of the classes go that chance is not trusted with.

    Attributes:
        places: of their ids, uint64 [rows], ascending; see `place_of`.
        splits: numbers in `SPLITS`, int8 [rows].
    """

    places: np.ndarray
    splits: np.ndarray

    def splits_of(self, source_ids: Sequence[str]) -> list[str | None]:
        """The split of each id; None where chance decides."""
        if not len(self.places):
            return [None] * len(source_ids)
        wanted = np.array([place_of(one) for one in source_ids], np.uint64)
        nearest = np.minimum(np.searchsorted(self.places, wanted), len(self.places) - 1)
        known = (self.places[nearest] == wanted).tolist()
        splits = self.splits[nearest].tolist()
        pairs = zip(splits, known, strict=True)
        return [SPLITS[split] if there else None for split, there in pairs]


def _number(content: bytes, person: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8, person=person).digest(), "little")


def keeps_label(source_id: str, share: float) -> bool:
    """Whether an example is among the share of the train split whose gold labels are seen."""
    return _number(source_id.encode(), b"label") < share * 2**64


def identify(
    raw: pa.RecordBatch,
    fractions: Sequence[float],
    labelled: Mapping[str, float] | None = None,
    strata: Strata | None = None,
) -> pa.RecordBatch:
    """Raw rows to source examples: adds the ids, and the split where none was fixed.

    Args:
        labelled: by corpus, the share of the train examples that keep their gold label; all of
            them if not named. The id decides.
        strata: where the rows of rare classes go, if the splits are stratified.
    """
    texts, pairs = raw.column("text").to_pylist(), raw.column("text_pair").to_pylist()
    ids = [source_id_of(text, pair) for text, pair in zip(texts, pairs, strict=True)]
    fixed = raw.column("split").to_pylist()
    exact = strata.splits_of(ids) if strata is not None else [None] * len(ids)
    splits = [
        known or exactly or split_of(one, fractions)
        for known, exactly, one in zip(fixed, exact, ids, strict=True)
    ]
    id_column = pa.array(ids, pa.string())
    rows = raw.num_rows
    columns = {
        "id": id_column,
        "source_id": id_column,
        "text": raw.column("text"),
        "text_pair": raw.column("text_pair"),
        "label": _seen_labels(raw, ids, splits, labelled or {}),
        "augmenter": pa.array([ORIGINAL] * rows, pa.string()),
        "copy": pa.array(np.zeros(rows, np.int16)),
        "corpus": raw.column("corpus"),
        "split": pa.array(splits, pa.string()),
    }
    schema = examples_schema(raw.schema.field("label").type)
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _seen_labels(
    raw: pa.RecordBatch, ids: Sequence[str], splits: Sequence[str], labelled: Mapping[str, float]
) -> pa.Array:
    labels = raw.column("label")
    corpora = raw.column("corpus").to_pylist()
    if all(labelled.get(corpus, 1.0) == 1.0 for corpus in set(corpora)):
        return labels
    seen = [
        split != SPLITS[0] or keeps_label(one, labelled.get(corpus, 1.0))
        for one, split, corpus in zip(ids, splits, corpora, strict=True)
    ]
    return pc.if_else(pa.array(seen), labels, pa.scalar(None, labels.type))
