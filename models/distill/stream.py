"""Train rows in a seeded random order, pass after pass, without holding more than a buffer."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.rows import COLUMNS, ORIGINAL, RowReader, read_batches
from mashbill.models.distill.token_files import TokenFiles

OPEN_FILES = 8  # read in turn, so that a buffer holds rows of several
GROUP = "group"  # of a source example and its variants in one pass
TURN = "turn"  # tells the fresh variants of a source apart, over all passes; null for a stored row


@dataclass(frozen=True)
class Selection:
    """Which rows a pass takes.

    Attributes:
        variants: whether augmented copies are among them.
        unlabelled: whether rows without a gold label are among them.
        mix: by augmenter, how many times a row comes in a pass, on average; 1 if not named. A
            fraction is drawn anew in every pass.
        fresh: share of the rows of a pass that are variants still to be made, of sources.
    """

    variants: bool = True
    unlabelled: bool = True
    mix: Mapping[str, float] = field(default_factory=dict)
    fresh: float = 0.0

    def times(self, augmenter: str, labelled: bool) -> float:
        """How many times a stored row of this kind comes in a pass, on average."""
        if (augmenter != ORIGINAL and not self.variants) or not self._uses(labelled):
            return 0.0
        return 0.0 if self.fresh == 1 else self.mix.get(augmenter, 1.0)

    def _uses(self, labelled: bool) -> bool:
        return labelled or self.unlabelled

    def copies(self, data: SoftLabelled) -> float:
        """How many fresh variants a source has in a pass, on average."""
        found = data.splits["train"].counts
        sources = sum(found.get((ORIGINAL, labelled), 0) for labelled in self._kinds)
        if not self.fresh or not sources:
            return 0.0
        if self.fresh == 1:
            return 1.0
        stored = sum(rows * self.times(*kind) for kind, rows in found.items())
        return stored * self.fresh / (1 - self.fresh) / sources

    @property
    def _kinds(self) -> list[bool]:
        return [labelled for labelled in (True, False) if self._uses(labelled)]

    def take(
        self, table: pa.Table, rng: np.random.Generator, copies: float = 0.0, number: int = 0
    ) -> pa.Table:
        """The rows that come in this pass, some of them perhaps more than once.

        Args:
            table: whole sources.
            copies: fresh variants of each source, see `copies`; their rows are the source's still.
            number: of the pass, from 0.

        Returns:
            The rows with the column `TURN`.
        """
        times = self._times_of(table)
        whole = np.floor(times + rng.random(len(times))).astype(np.int64)
        stored = np.repeat(np.arange(len(times)), whole)
        if not copies:
            return table.take(stored).append_column(TURN, pa.nulls(len(stored), pa.int64()))
        is_source = pc.equal(table["augmenter"], ORIGINAL).to_numpy()
        labelled = table["label"].is_valid().to_numpy()
        sources = np.flatnonzero(is_source & (labelled | self.unlabelled))
        wanted = np.floor(copies + rng.random(len(sources))).astype(np.int64)
        fresh = np.repeat(sources, wanted)
        most = math.ceil(copies)
        turns = np.concatenate([np.arange(one) for one in (*wanted, 0)]) + number * most
        rows = np.concatenate([stored, fresh])
        order = np.argsort(_firsts(table)[rows], kind="stable")  # a source's rows stay together
        column = pa.concat_arrays([pa.nulls(len(stored), pa.int64()), pa.array(turns, pa.int64())])
        return table.take(rows[order]).append_column(TURN, column.take(pa.array(order)))

    def _times_of(self, table: pa.Table) -> np.ndarray:
        """`times` of each row."""
        augmenters = table["augmenter"].combine_chunks().dictionary_encode()
        by_kind = [[self.times(name, known) for known in (False, True)]
                   for name in augmenters.dictionary.to_pylist()]  # fmt: skip
        labelled = table["label"].is_valid().to_numpy().astype(np.int64)
        return np.array(by_kind).reshape(-1, 2)[augmenters.indices.to_numpy(), labelled]

    def expected_rows(self, data: SoftLabelled) -> int:
        """How many rows a pass has; on average where a mixing ratio is a fraction."""
        found, copies = data.splits["train"].counts, self.copies(data)
        return round(sum(rows * self._all_times(*kind, copies) for kind, rows in found.items()))

    def expected_tally(self, data: SoftLabelled) -> np.ndarray:
        """`Task.tally` of the rows of a pass, on average; of gold labels or the teacher's."""
        found, copies = data.splits["train"].tallies, self.copies(data)
        return sum(tally * self._all_times(*kind, copies) for kind, tally in found.items())

    def _all_times(self, augmenter: str, labelled: bool, copies: float) -> float:
        """How many rows of a pass are made from one of this kind."""
        own = self.times(augmenter, labelled)
        return own + copies if augmenter == ORIGINAL and self._uses(labelled) else own


def _firsts(table: pa.Table) -> np.ndarray:
    """A number for each row, equal for the rows of a source, ascending."""
    return numbered(table["source_id"])


def file_tables(
    data: SoftLabelled, split: str, tokens: TokenFiles | None = None
) -> Iterator[pa.Table]:
    """Pieces of a split, in the order of its files: all of `COLUMNS`, or what `tokens` gives."""
    tables = _tables if tokens is None else tokens.tables
    for path in data.splits[split].paths:
        yield from tables(data.reader, path)


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
    tokens: TokenFiles | None = None,
) -> Iterator[pa.Table]:
    """Endless pieces of train rows, drawn from a buffer of about `buffer` rows.

    The order depends on the seed and the files alone. A pass ends before the next begins, but for
    what is too little to fill a piece.

    Args:
        piece: how many rows a piece has; with `by_source` how many source examples, each with all
            of its rows in the pass next to each other.
        tokens: of the data set, if rows come with their token ids.

    Returns:
        Tables of `COLUMNS`, or of what `tokens` gives; of `TURN`; and of `GROUP`, equal for a
        source example and its variants in one pass.

    Raises DataError if a file turns out to be damaged.
    """
    rng = np.random.default_rng([seed, 1])
    source = _passes(data, selection, seed, tokens)
    schema = _schema(data, tokens).append(pa.field(TURN, pa.int64()))
    schema = schema.append(pa.field(GROUP, pa.string()))
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


def _schema(data: SoftLabelled, tokens: TokenFiles | None) -> pa.Schema:
    return data.reader.schema if tokens is None else tokens.schema(data.reader)


def _passes(
    data: SoftLabelled, selection: Selection, seed: int, tokens: TokenFiles | None
) -> Iterator[pa.Table | None]:
    """The chosen rows, files in random order and several at a time; None after each pass."""
    paths, copies = data.splits["train"].paths, selection.copies(data)
    tables, schema = _tables if tokens is None else tokens.tables, _schema(data, tokens)
    for number in count():
        rng = np.random.default_rng([seed, 2, number])
        waiting = [
            _whole_sources(tables(data.reader, paths[i]), schema)
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
                elif (taken := selection.take(table, rng, copies, number)).num_rows:
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
