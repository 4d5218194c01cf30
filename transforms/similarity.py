"""What sentence embeddings tell of a variant: how close to its source, how far from real text."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from mashbill.models.discriminator import Discriminator
from mashbill.models.errors import one_line
from mashbill.transforms.contract import Column
from mashbill.transforms.examples import ORIGINAL, is_new
from mashbill.transforms.ledger import Reject, row_reject
from mashbill.transforms.retry import Retry
from mashbill.transforms.stage import Outcome, Stage, by_augmenter

ENCODER = "the sentence encoder"
SIMILARITY = Column(
    "similarity", "float32", "cosine of the sentence embeddings of variant and source"
)
SYNTHETIC = Column(
    "synthetic",
    "float32",
    "how synthetic the text looks, 0 to 1, to a model that has not seen its source",
)

Embed = Callable[[Sequence[str]], np.ndarray]


def embed_rows(batch: pa.RecordBatch, embed: Embed, everything: bool) -> np.ndarray:
    """A unit vector for each variant and its source, float32 [rows, dim].

    Args:
        batch: sources and, after them, all their variants.
        embed: texts to unit vectors, float32 [n, dim].
        everything: whether sources without variants are embedded too; their rows are 0 otherwise.
    """
    texts, pairs = _pairing(batch)
    needed = range(len(texts)) if everything else sorted({*pairs.keys(), *pairs.values()})
    embedded = embed([texts[i] for i in needed])
    vectors = np.zeros((len(texts), embedded.shape[1]), np.float32)
    vectors[list(needed)] = embedded
    return vectors


def add_similarity(batch: pa.RecordBatch, vectors: np.ndarray) -> pa.RecordBatch:
    """Appends `similarity` (float32): cosine of each variant with its source, null for sources and
    for texts that are new."""
    _, pairs = _pairing(batch)
    variants, sources = list(pairs.keys()), list(pairs.values())
    similarity, is_source = np.zeros(len(vectors), np.float32), np.ones(len(vectors), bool)
    similarity[variants] = (vectors[variants] * vectors[sources]).sum(axis=1).clip(-1, 1)
    is_source[variants] = False
    return batch.append_column("similarity", pa.array(similarity, mask=is_source))


def _pairing(batch: pa.RecordBatch) -> tuple[list[str], dict[int, int]]:
    """All texts, and the row of each variant to the row of its source."""
    source_ids = batch.column("source_id").to_pylist()
    is_source = [name == ORIGINAL for name in batch.column("augmenter").to_pylist()]
    row_of = {source_ids[i]: i for i, source in enumerate(is_source) if source}
    compared = np.flatnonzero(~(np.array(is_source, bool) | is_new(batch))).tolist()
    pairs = {i: row_of[source_ids[i]] for i in compared}
    return _joined(batch), pairs


def _joined(batch: pa.RecordBatch) -> list[str]:
    texts, pairs = batch.column("text").to_pylist(), batch.column("text_pair").to_pylist()
    return [t if p is None else f"{t}\n{p}" for t, p in zip(texts, pairs, strict=True)]


class Similarity(Stage):
    """Measures similarity, and perhaps how synthetic a text looks.

    Args:
        model: a sentence encoder.
        discriminator: fills the column `synthetic`.
        synthetic: whether there is this column; by default where there is a discriminator.
    """

    name = "similarity"
    needs = ("text", "text_pair", "source_id", "augmenter")
    loses = ("rejected",)
    uses_model = True

    def __init__(
        self,
        model: str,
        discriminator: Discriminator | None = None,
        synthetic: bool | None = None,
    ):
        self.model, self.discriminator = model, discriminator
        judges = discriminator is not None if synthetic is None else synthetic
        self.adds = (SIMILARITY, SYNTHETIC) if judges else (SIMILARITY,)
        self.retry = Retry(ENCODER)

    def setup(self) -> None:
        super().setup()
        from mashbill.models.encoder import Encoder

        self.encoder = Encoder.load(self.model)

    def forward_seconds(self) -> float:
        return self.encoder.forward_seconds

    def run(self, batch: pa.RecordBatch) -> Outcome:
        rows, all_in = batch.num_rows, by_augmenter(batch.column("augmenter").to_pylist(), "in")
        everything = self.discriminator is not None
        errors: dict[str, Exception] = {}
        vectors = embed_rows(batch, self._embed(errors), everything)
        batch, vectors, rejects = without_failed(batch, vectors, errors)
        batch = add_similarity(batch, vectors)
        if self.discriminator is not None:
            scores = self.discriminator.scores(vectors, batch.column("source_id").to_pylist())
            batch = batch.append_column(SYNTHETIC.name, pa.array(scores))
        lost = {"rejected": len(rejects)} if rejects else {}
        return Outcome(batch, {"in": rows, **all_in, **lost, "out": batch.num_rows}, rejects)

    def _embed(self, errors: dict[str, Exception]) -> Embed:
        """The encoder, which puts NaN where it fails on a text, and the error into `errors`."""

        def embed(texts: Sequence[str]) -> np.ndarray:
            if not texts:
                return self.encoder.embed([])
            embedded = self.retry(
                lambda places: self.encoder.embed([texts[place] for place in places]), texts
            )
            errors.update(
                (text, one)
                for text, one in zip(texts, embedded, strict=True)
                if isinstance(one, Exception)
            )
            width = next((one.shape for one in embedded if not isinstance(one, Exception)), (0,))
            lost = np.full(width, np.nan, np.float32)
            return np.stack([lost if isinstance(one, Exception) else one for one in embedded])

        return embed


def without_failed(
    batch: pa.RecordBatch, vectors: np.ndarray, errors: Mapping[str, Exception]
) -> tuple[pa.RecordBatch, np.ndarray, list[Reject]]:
    """What is left without the rows whose text, or whose source's text, has no vector."""
    if not errors:
        return batch, vectors, []
    texts, pairs = _pairing(batch)
    why = {row: errors[text] for row, text in enumerate(texts) if text in errors}
    why |= {row: why[source] for row, source in pairs.items() if source in why}
    rejects = [
        row_reject("similarity", f"{ENCODER} failed: {one_line(error)}", batch, row)
        for row, error in sorted(why.items())
    ]
    stays = np.array([row not in why for row in range(batch.num_rows)], bool)
    return batch.filter(pa.array(stays)), vectors[stays], rejects
