"""Word counts and names of the texts that a run augments, in one combine."""

from collections.abc import Iterable, Sequence

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from mashbill.models.tasks.base import Task
from mashbill.transforms.augmenters.statistics import Counting, Statistics
from mashbill.transforms.examples import SPLITS, content_hash
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE

COMPANIES = 50_000  # texts whose mentions are kept
WORDS = 200_000  # of these, a vocabulary holds the most frequent


class CorpusStatistics(beam.CombineFn):
    """Record batches with a `text` column (and perhaps others of an example) to one `Statistics`.

    Merging is exact and does not depend on the order; only the outcome is cut to `words` words, and
    to the mentions of `COMPANIES` texts.

    Args:
        words: how many are kept.
        language: of the texts.
        types: of named entities; with them, the mentions of the train split are gathered, by the
            columns `label` and `split`.
    """

    def __init__(
        self, words: int = WORDS, language: str = DEFAULT_LANGUAGE, types: Sequence[str] = ()
    ):
        self._words, self._language, self._types = words, language, tuple(types)

    def create_accumulator(self) -> Counting:
        return Counting(self._language, self._types)

    def add_input(self, counting: Counting, batch: pa.RecordBatch) -> Counting:
        counting.add(texts_of(batch))
        if "split" not in batch.schema.names:
            return counting
        train = batch.filter(pc.equal(batch.column("split"), SPLITS[0]))
        ids, texts, labels = (
            train.column(name).to_pylist() for name in ("source_id", "text", "label")
        )
        counting.add_shown(list(map(content_hash, ids)), texts, labels)
        if self._types:
            counting.add_mentions(texts, labels)
        return counting

    def merge_accumulators(self, accumulators: Iterable[Counting]) -> Counting:
        merged = Counting(self._language, self._types)
        for counting in accumulators:
            merged.merge(counting)
        return merged

    def extract_output(self, counting: Counting) -> Statistics:
        return counting.finish(self._words, COMPANIES)


def statistics_of(batches: Iterable[pa.RecordBatch], task: Task, language: str) -> Statistics:
    """Of batches in memory, as a run's own are."""
    combine = CorpusStatistics(language=language, types=types_of(task))
    counting = combine.create_accumulator()
    for batch in batches:
        combine.add_input(counting, batch)
    return combine.extract_output(counting)


def types_of(task: Task) -> tuple[str, ...]:
    """The types of the task's named entities; none in a task without."""
    return task.named if task.reads_words else ()


def texts_of(batch: pa.RecordBatch) -> list[str]:
    """Every text of a batch; a pair's second text counts as a text of its own."""
    columns = [name for name in ("text", "text_pair") if name in batch.schema.names]
    return [text for name in columns for text in batch.column(name).to_pylist() if text is not None]
