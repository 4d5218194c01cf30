"""Small batches for the tests of the stages."""

import pyarrow as pa

from mashbill.transforms.examples import EXAMPLES, ORIGINAL, RAW, identify, source_id_of, variant_id


def sources(*texts: str, labels=None, split="train", corpus="reviews") -> pa.RecordBatch:
    """Source examples, one for each text."""
    rows = [
        {"text": text, "text_pair": None, "label": label, "corpus": corpus, "split": split}
        for text, label in zip(texts, labels or [None] * len(texts), strict=True)
    ]
    return identify(pa.RecordBatch.from_pylist(rows, schema=RAW), (0.8, 0.1, 0.1))


def with_variants(batch: pa.RecordBatch, variants: dict[str, list[str]]) -> pa.RecordBatch:
    """Appends variants: source text to the texts made from it."""
    by_text = {row["text"]: row for row in batch.to_pylist() if row["augmenter"] == ORIGINAL}
    rows = [
        {
            **by_text[source],
            "id": variant_id(source_id_of(source), "test.made", copy),
            "text": text,
            "augmenter": "test.made",
            "copy": copy,
        }
        for source, texts in variants.items()
        for copy, text in enumerate(texts, 1)
    ]
    return pa.concat_batches([batch, pa.RecordBatch.from_pylist(rows, schema=EXAMPLES)])
