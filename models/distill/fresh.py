"""Variants made anew in every pass, in the place of rows that name their sources.

What makes them is given: this module knows no augmenter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import torch

from mashbill.models.distill.stream import TURN
from mashbill.models.tasks.base import Task

# What became of a fresh row; all but the first have their source in the place of a variant.
OUTCOMES = ("made", "exhausted", "held_out", "label_lost", "refused", "failed")
MADE, LOST = OUTCOMES.index("made"), OUTCOMES.index("label_lost")
STORED = -1  # the outcome of a row that comes from the disk


class Made(NamedTuple):
    """Variants of some rows, column by column; where there is none, what the row had.

    Attributes:
        outcomes: places in `OUTCOMES`, int64 [rows].
    """

    text: Sequence[str]
    text_pair: Sequence[str | None]
    label: Sequence[Any]
    augmenter: Sequence[str]
    outcomes: np.ndarray


class Noise(Protocol):
    """Makes variants. It goes to other processes by forking, so it need not be pickled."""

    def make(self, rows: pa.Table) -> Made:
        """A variant of each row, decided by its `source_id`, its `TURN` and a seed alone."""


@dataclass(frozen=True)
class Fresh:
    """How fresh rows are made and labelled.

    Attributes:
        augmenters: those that make variants, by the names of the column `augmenter`.
        live: those of them whose variants a live teacher labels; others have the soft label of
            their source.
    """

    noise: Noise
    augmenters: tuple[str, ...]
    live: frozenset[str] = frozenset()

    def fill(self, table: pa.Table, task: Task) -> "Filled":
        """Puts variants in the place of the rows that have a `TURN`.

        A variant to which the soft label of its source cannot be carried falls back to the source.
        """
        outcomes = np.full(table.num_rows, STORED)
        live = np.zeros(table.num_rows, bool)
        soft = task.scores(table["teacher_logits"])
        places = np.flatnonzero(table[TURN].is_valid().to_numpy())
        if len(places):
            rows = table.take(places)
            made = _carried(self.noise.make(rows), rows, soft[places], task, self.live)
            outcomes[places] = made.outcomes
            table = _replaced(table, places, made)
            done = made.outcomes == MADE
            live[places] = done & np.array([one in self.live for one in made.augmenter], bool)
            if live.any():
                texts = [text for text, one in zip(table["text"].to_pylist(), live, strict=True)
                         if one]  # fmt: skip
                soft[live] = task.blank_scores(texts)
        return Filled(table, soft, outcomes, live)


class Filled(NamedTuple):
    """Rows of a piece, all of them with texts to train on.

    Attributes:
        soft: see `Task.scores`; meaningless where `live`.
        outcomes: places in `OUTCOMES`, `STORED` for a row that is none of ours, int64 [rows].
        live: whether a live teacher is to label the row, bool [rows].
    """

    table: pa.Table
    soft: np.ndarray
    outcomes: np.ndarray
    live: np.ndarray


def _carried(
    made: Made, rows: pa.Table, soft: np.ndarray, task: Task, live: frozenset[str]
) -> Made:
    """Without the variants that cannot have the soft labels of their sources."""
    fits = task.fits(made.text, soft) | np.array([one in live for one in made.augmenter], bool)
    gone = np.flatnonzero((made.outcomes == MADE) & ~fits).tolist()
    if not gone:
        return made
    columns = {name: list(getattr(made, name)) for name in Made._fields[:-1]}
    for name, column in columns.items():
        own = rows[name].to_pylist()
        for place in gone:
            column[place] = own[place]
    outcomes = made.outcomes.copy()
    outcomes[gone] = LOST
    return Made(**columns, outcomes=outcomes)


def _replaced(table: pa.Table, places: np.ndarray, made: Made) -> pa.Table:
    for name in Made._fields[:-1]:
        column = table[name].to_pylist()
        for place, value in zip(places.tolist(), getattr(made, name), strict=True):
            column[place] = value
        field = table.schema.field(name)
        table = table.set_column(
            table.schema.get_field_index(name), field, pa.array(column, field.type)
        )
    return table


class Tally:
    """How many fresh rows were trained on, by what became of them; kept where the rows are."""

    def __init__(self, device: torch.device) -> None:
        self._places = torch.arange(len(OUTCOMES), device=device)
        self._found = torch.zeros_like(self._places)

    def add(self, outcomes: torch.Tensor) -> None:
        """Args: outcomes: of the rows of a batch, int64 [batch]."""
        self._found += (outcomes[:, None] == self._places).sum(0)

    @property
    def found(self) -> torch.Tensor:
        """By `OUTCOMES`, int64."""
        return self._found

    def load(self, found: torch.Tensor) -> None:
        self._found = found.to(self._places.device)


def report(found: torch.Tensor) -> dict[str, int]:
    """What metrics.json says of a tally: rows in all, made, and those that fell back to their
    sources, by reason too."""
    counts = dict(zip(OUTCOMES, found.tolist(), strict=True))
    rows = sum(counts.values())
    return {"rows": rows, "fell_back": rows - counts["made"], **counts}
