"""Word counts of the texts that a run augments, in one combine."""

from collections.abc import Iterable

import apache_beam as beam
import pyarrow as pa

from mashbill.transforms.augmenters.statistics import Counting, Statistics
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE

WORDS = 200_000  # of these, a vocabulary holds the most frequent


class CorpusStatistics(beam.CombineFn):
    """Record batches with a `text` column (and perhaps `text_pair`) to one `Statistics`.

    Merging is exact and does not depend on the order; only the outcome is cut to `words` words.
    """

    def __init__(self, words: int = WORDS, language: str = DEFAULT_LANGUAGE):
        self._words, self._language = words, language

    def create_accumulator(self) -> Counting:
        return Counting(self._language)

    def add_input(self, counting: Counting, batch: pa.RecordBatch) -> Counting:
        counting.add(texts_of(batch))
        return counting

    def merge_accumulators(self, accumulators: Iterable[Counting]) -> Counting:
        merged = Counting(self._language)
        for counting in accumulators:
            merged.merge(counting)
        return merged

    def extract_output(self, counting: Counting) -> Statistics:
        return counting.finish(self._words)


def texts_of(batch: pa.RecordBatch) -> list[str]:
    """Every text of a batch; a pair's second text counts as a text of its own."""
    columns = [name for name in ("text", "text_pair") if name in batch.schema.names]
    return [text for name in columns for text in batch.column(name).to_pylist() if text is not None]
