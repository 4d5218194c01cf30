"""Reads corpus files for the tests of the readers."""

from pathlib import Path
from typing import Any, NamedTuple

from mashbill.models.tasks.base import Task
from mashbill.models.tasks.registry import single
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.readers import read
from mashbill.transforms.sources import RANGE_BYTES, plan

LABELS = ("negative", "positive")


class Found(NamedTuple):
    """Raw rows, rejects as (line or row, reason), and the numbers of rows and blank lines."""

    rows: list[dict[str, Any]]
    rejects: list[tuple[int, str]]
    counts: list[int]

    @property
    def texts(self) -> list[str]:
        return [row["text"] for row in self.rows]

    @property
    def labels(self) -> list[int | None]:
        return [row["label"] for row in self.rows]

    @property
    def lines(self) -> list[int]:
        return [line for line, _ in self.rejects]


def read_all(
    path: Path | str,
    range_bytes: int = RANGE_BYTES,
    labels: tuple[str, ...] = LABELS,
    task: Task | None = None,
    **spec,
) -> Found:
    """Plans and reads a corpus; every part must account for its rows."""
    rows, rejects, counts = [], [], [0, 0]
    for item in plan(CorpusSpec("reviews", str(path), **spec), range_bytes, task):
        for part in read(item, task or single(labels)):
            assert part.rows == part.batch.num_rows + len(part.rejects) + part.blank
            rows += part.batch.to_pylist()
            rejects += [(r.source.get("line", r.source.get("row")), r.reason) for r in part.rejects]
            counts = [counts[0] + part.rows, counts[1] + part.blank]
    return Found(rows, rejects, counts)
