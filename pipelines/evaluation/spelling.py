"""Models that read texts through a spelling corrector, and what the corrector does and costs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mashbill.models.engine import Engine
from mashbill.models.significance import difference, interval
from mashbill.models.speed import latency
from mashbill.models.tasks.base import Task
from mashbill.pipelines.evaluation.sets import TestSet
from mashbill.pipelines.summary import parquet_files
from mashbill.transforms.examples import ORIGINAL
from mashbill.transforms.spelling import Speller, word_counts
from mashbill.transforms.streams import open_plain


class Corrected:
    """An engine whose texts are corrected first."""

    def __init__(self, engine: Engine, speller: Speller):
        self.engine, self.speller = engine, speller
        self.model, self.parameters = engine.model, engine.parameters

    def logits(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> np.ndarray:
        """Those of the engine for the corrected texts."""
        return self.engine.logits(self.speller(texts), pairs and self.speller(pairs))


def speller_of(out: str) -> Speller:
    """With the words of the sources of a data set's train split."""
    return Speller(word_counts(_train_texts(out)))


def _train_texts(out: str) -> Iterator[str]:
    for split, path in parquet_files(out):
        if split != "train":
            continue
        with open_plain(path) as file:
            whole = pq.ParquetFile(file)
            names = [name for name in ("text", "text_pair") if name in whole.schema_arrow.names]
            for batch in whole.iter_batches(columns=[*names, "augmenter"]):
                is_source = pc.equal(batch["augmenter"].cast("string"), ORIGINAL)
                rows = batch.filter(is_source)
                for name in names:
                    yield from (text for text in rows[name].to_pylist() if text)


def corrections(
    engines: Mapping[str, Any],
    tasks: Mapping[str, Task],
    test: TestSet,
    logits: Mapping[str, np.ndarray],
) -> list[dict[str, Any]]:
    """Of each model behind a corrector: what that breaks on texts as they are, and its price.

    Args:
        engines, tasks: by model.
        test: rows as they are; logits: of each model on them.
    """
    return [
        {"model": name, **_broken(engine, tasks[name], test, logits[name])}
        for name, engine in engines.items()
        if isinstance(engine, Corrected)
    ]


def _broken(engine: Corrected, task: Task, test: TestSet, corrected: np.ndarray) -> dict[str, Any]:
    plain = engine.engine.logits(test.texts, test.pairs)
    changed = [new != old for new, old in zip(engine.speller(test.texts), test.texts, strict=True)]
    of_rows = (task.of_rows(one, test.labels) for one in (corrected, plain))
    return {
        "words": engine.speller.words,
        "rows": len(test.texts),
        "changed": interval(np.array(changed))._asdict(),
        "gained": difference(*of_rows)._asdict(),
        "speed": latency(lambda text: engine.speller([text]), list(dict.fromkeys(test.texts))),
    }
