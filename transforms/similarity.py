"""How close a variant's meaning is to its source: cosine of sentence embeddings."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from models.encoder import Encoder
from transforms.examples import ORIGINAL
from transforms.stage import Outcome, Stage, drop

Embed = Callable[[Sequence[str]], np.ndarray]


def add_similarity(batch: pa.RecordBatch, embed: Embed) -> pa.RecordBatch:
    """Appends `similarity` (float32): cosine of each variant with its source, null for sources.

    Args:
        batch: sources and, after them, all their variants.
        embed: texts to unit vectors, float32 [n, dim].
    """
    texts = _joined(batch)
    source_ids = batch.column("source_id").to_pylist()
    is_source = [name == ORIGINAL for name in batch.column("augmenter").to_pylist()]
    row_of = {source_ids[i]: i for i, source in enumerate(is_source) if source}
    variants = [i for i, source in enumerate(is_source) if not source]
    similarity = np.zeros(len(texts), dtype=np.float32)
    if variants:
        sources = [row_of[source_ids[i]] for i in variants]
        needed = sorted({*sources, *variants})
        vectors = embed([texts[i] for i in needed])
        place = np.searchsorted(needed, [variants, sources])
        cosines = (vectors[place[0]] * vectors[place[1]]).sum(axis=1)
        similarity[variants] = np.clip(cosines, -1, 1)
    return batch.append_column("similarity", pa.array(similarity, mask=np.array(is_source)))


def _joined(batch: pa.RecordBatch) -> list[str]:
    texts, pairs = batch.column("text").to_pylist(), batch.column("text_pair").to_pylist()
    return [t if p is None else f"{t}\n{p}" for t, p in zip(texts, pairs, strict=True)]


class Similarity(Stage):
    """Measures similarity and drops variants below `minimum` (None drops nothing)."""

    name = "similarity"
    uses_model = True

    def __init__(self, model: str, minimum: float | None):
        self.model, self.minimum = model, minimum

    def setup(self) -> None:
        self.encoder = Encoder.load(self.model)

    def forward_seconds(self) -> float:
        return self.encoder.forward_seconds

    def run(self, batch: pa.RecordBatch) -> Outcome:
        batch = add_similarity(batch, self.encoder.embed)
        if self.minimum is None:
            return drop(batch, {})
        similarity = batch.column("similarity").fill_null(1.0).to_numpy(zero_copy_only=False)
        return drop(batch, {"min_similarity": similarity < self.minimum})
