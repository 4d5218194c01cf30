"""Train rows in a seeded random order, pass after pass, without holding more than a buffer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.rows import COLUMNS, ORIGINAL, RowReader, read_batches

OPEN_FILES = 8  # read in turn, so that a buffer holds rows of several
GROUP = "group"  # of a source example and its variants in one pass


@dataclass(frozen=True)
class Selection:
    """Which rows a pass takes.

    Attributes:
        variants: whether augmented copies are among them.
        unlabelled: whether rows without a gold label are among them.
        mix: by augmenter, how many times a row comes in a pass, on average; 1 if not named. A
            fraction is drawn anew in every pass.
    """

    variants: bool = True
    unlabelled: bool = True
    mix: Mapping[str, float] = field(default_factory=dict)

    def times(self, augmenter: str, labelled: bool) -> float:
        """How many times a row of this kind comes in a pass, on average."""
        if (augmenter != ORIGINAL and not self.variants) or not (labelled or self.unlabelled):
            return 0.0
        return self.mix.get(augmenter, 1.0)

    def take(self, table: pa.Table, rng: np.random.Generator) -> pa.Table:
        """The rows that come in this pass, some of them perhaps more than once."""
        labelled = table["label"].is_valid().to_pylist()
        kinds = zip(table["augmenter"].to_pylist(), labelled, strict=True)
        times = np.array([self.times(*kind) for kind in kinds])
        whole = np.floor(times + rng.random(len(times))).astype(np.int64)
        return table.take(np.repeat(np.arange(len(times)), whole))

    def expected_rows(self, data: SoftLabelled) -> int:
        """How many rows a pass has; on average where a mixing ratio is a fraction."""
        found = data.splits["train"].counts
        return round(sum(rows * self.times(*kind) for kind, rows in found.items()))

    def expected_tally(self, data: SoftLabelled) -> np.ndarray:
        """`Task.tally` of the rows of a pass, on average; of gold labels or the teacher's."""
        found = data.splits["train"].tallies
        return sum(tally * self.times(*kind) for kind, tally in found.items())


def file_tables(data: SoftLabelled, split: str) -> Iterator[pa.Table]:
    """Pieces of a split, all of `COLUMNS`, in the order of its files."""
    for path in data.splits[split].paths:
        yield from _tables(data.reader, path)


def _tables(reader: RowReader, path: Path) -> Iterator[pa.Table]:
    return (reader.complete(batch) for batch in read_batches(path, COLUMNS))


def shuffled(
    data: SoftLabelled,
    selection: Selection,
    *,
    seed: int,
    buffer: int,
    piece: int,
    by_source: bool = False,
) -> Iterator[pa.Table]:
    """Endless pieces of train rows, drawn from a buffer of about `buffer` rows.

    The order depends on the seed and the files alone. A pass ends before the next begins, but for
    what is too little to fill a piece.

    Args:
        piece: how many rows a piece has; with `by_source` how many source examples, each with all
            of its rows in the pass next to each other.

    Returns:
        Tables of `COLUMNS` and `group`, equal for a source example and its variants in one pass.

    Raises DataError if a file turns out to be damaged.
    """
    rng = np.random.default_rng([seed, 1])
    source = _passes(data, selection, seed)
    schema = data.reader.schema.append(pa.field(GROUP, pa.string()))
    held, pass_ended = schema.empty_table(), False
    while True:
        parts, units = [held], _units(held, by_source)
        rows = held.num_rows
        while _count(units) < piece or (rows < buffer and not pass_ended):
            table = next(source)
            pass_ended = table is None
            if table is not None:
                parts.append(table)
                rows += table.num_rows
            if rows >= min(buffer, piece) or pass_ended:
                parts = [pa.concat_tables(parts)]
                units = _units(parts[0], by_source)
        held = parts[0].combine_chunks()
        rank = rng.permutation(_count(units))[units]
        order = np.argsort(rank, kind="stable")
        cut = int((rank < piece).sum())
        yield held.take(order[:cut])
        held = held.take(order[cut:])


def _units(table: pa.Table, by_source: bool) -> np.ndarray:
    """What moves as one when rows are shuffled: numbers from 0, one for each row."""
    if not by_source:
        return np.arange(table.num_rows)
    return numbered(table[GROUP])


def numbered(column: pa.ChunkedArray) -> np.ndarray:
    """Equal values get equal numbers, from 0 in the order they first come in."""
    return column.combine_chunks().dictionary_encode().indices.to_numpy()


def _count(units: np.ndarray) -> int:
    return int(units.max()) + 1 if len(units) else 0


def _passes(data: SoftLabelled, selection: Selection, seed: int) -> Iterator[pa.Table | None]:
    """The chosen rows, files in random order and several at a time; None after each pass."""
    paths = data.splits["train"].paths
    for number in count():
        rng = np.random.default_rng([seed, 2, number])
        waiting = [
            _whole_sources(_tables(data.reader, paths[i]), data.reader.schema)
            for i in rng.permutation(len(paths))
        ]
        readers: list[Iterator[pa.Table]] = []
        while waiting or readers:
            while waiting and len(readers) < OPEN_FILES:
                readers.append(waiting.pop())
            for reader in list(readers):
                table = next(reader, None)
                if table is None:
                    readers.remove(reader)
                elif (taken := selection.take(table, rng)).num_rows:
                    groups = pc.binary_join_element_wise(taken["source_id"], str(number), " ")
                    yield taken.append_column(GROUP, groups)
        yield None


def _whole_sources(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """The same rows, cut only where another source example begins."""
    held = schema.empty_table()
    for table in tables:
        held = pa.concat_tables([held, table])
        ids = held["source_id"]
        last = pc.equal(ids, ids[-1])
        begin = pc.index(last, True).as_py()
        if begin:
            yield held.slice(0, begin)
            held = held.slice(begin)
    if held.num_rows:
        yield held


class SourceLogits:
    """The soft labels of the train split's source examples, looked up by id.

    Holds an id and a row of floats for each.

    Args:
        augmenters: whose variants are looked up; by default, everybody's.
    """

    def __init__(self, data: SoftLabelled, augmenters: Sequence[str] | None = None):
        self._augmenters = None if augmenters is None else pa.array(augmenters, pa.string())
        self._task = data.task
        ids: list[str] = []
        logits: list[np.ndarray] = []
        for table in file_tables(data, "train"):
            table = table.filter(pc.equal(table["augmenter"], ORIGINAL))
            if table.num_rows:
                ids += table["id"].to_pylist()
                logits.append(self._task.scores(table["teacher_logits"]))
        order = np.argsort(ids)
        self._ids = np.array(ids)[order]
        self._logits = np.concatenate(logits)[order] if logits else np.empty(0)

    def of(self, table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
        """The soft labels, see `Task.scores`, and which of them are the row's own, bool [rows]:
        those of source examples, and of variants whose source is not in the data set or cannot
        speak for them (`Task.carried`), or whose augmenter is not among those chosen."""
        own = self._task.scores(table["teacher_logits"])
        if not len(self._ids):
            return own, np.ones(len(own), bool)
        wanted = np.array(table["source_id"].to_pylist())
        places = np.minimum(np.searchsorted(self._ids, wanted), len(self._ids) - 1)
        found = self._ids[places] == wanted
        if self._augmenters is not None:
            found &= pc.is_in(table["augmenter"], self._augmenters).to_numpy(zero_copy_only=False)
        found &= pc.not_equal(table["augmenter"], ORIGINAL).to_numpy()
        rows = np.flatnonzero(found)
        of_source, fit = self._task.carried(self._logits[places[rows]], own[rows])
        soft, rows = own.copy(), rows[fit]
        soft[rows] = of_source[fit]
        is_own = np.ones(len(own), bool)
        is_own[rows] = False
        return soft, is_own
