"""A corpus in memory, without a Beam runner: for training, for a look at it, and for tests."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.base import Task
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.deduplicate import deduplicate, without_losers
from mashbill.transforms.examples import examples_schema, identify
from mashbill.transforms.filters.base import Filter
from mashbill.transforms.filters.near_duplicate import NearDuplicate
from mashbill.transforms.ledger import Reject
from mashbill.transforms.read import read_counts
from mashbill.transforms.readers import read
from mashbill.transforms.readers.part import Part
from mashbill.transforms.shuffle import slices
from mashbill.transforms.sources import plan
from mashbill.transforms.stage import drop, dropped_by
from mashbill.transforms.strata import strata_of
from mashbill.transforms.work_item import WorkItem

REASONS_SHOWN = 3


class Loaded(NamedTuple):
    """What a corpus holds.

    Attributes:
        table: the unique examples, columns of `EXAMPLES`, sorted by `source_id`.
        rejects: what could not be used, of reading and of deduplication.
        counts: as the stages `read` and `deduplicate` of the pipeline count, by corpus too.
    """

    table: pa.Table
    rejects: list[Reject]
    counts: Counter


def load_examples(
    specs: Sequence[CorpusSpec],
    task: Task,
    fractions: Sequence[float],
    filters: Sequence[Filter] = (),
    stratify: bool = False,
) -> Loaded:
    """The unique source examples with their splits, just as the pipeline sees them.

    Args:
        specs: of the corpora.
        task: whose labels the rows have.
        fractions: of train, validation and test.
        filters: that drop sources.

    Raises:
        MashbillError: see `plan`; or nothing could be read.
    """
    parts = (
        (spec.name, part)
        for spec in specs
        for item in plan(spec, task=task)
        for part in read(item, task)
    )
    shares = {spec.name: spec.labelled for spec in specs}
    loaded = bring_together(parts, task, fractions, shares, filters, stratify)
    if not loaded.table.num_rows:
        names = ", ".join(spec.name for spec in specs)
        said = f"corpus {names}: no row could be used"
        raise MashbillError("\n".join([said, *reasons(loaded.rejects)]))
    return loaded


def beginning(items: Iterable[WorkItem], task: Task, rows: int) -> tuple[list[Part], bool]:
    """Parts from the beginning that hold at least so many rows, and whether they are all."""
    parts: list[Part] = []
    held = 0
    for part in (part for item in items for part in read(item, task)):
        if held >= rows:
            return parts, False
        parts.append(part)
        held += part.rows
    return parts, True


def bring_together(
    parts: Iterable[tuple[str, Part]],
    task: Task,
    fractions: Sequence[float],
    labelled: Mapping[str, float],
    filters: Sequence[Filter] = (),
    stratify: bool = False,
) -> Loaded:
    """Identifies, deduplicates and filters.

    Args:
        parts: what was read, each part with the name of its corpus.
        task: whose labels the rows have.
        fractions: of train, validation and test.
        labelled: by corpus, the share of the train examples that keep their gold label.
        filters: that drop sources.
        stratify: whether every class is divided by the fractions, see `strata`.
    """
    batches: list[pa.RecordBatch] = []
    rejects: list[Reject] = []
    counts: Counter = Counter()
    for corpus, part in parts:
        counts.update(read_counts(corpus, part))
        rejects += part.rejects
        if part.batch.num_rows:
            batches.append(part.batch)
    strata = strata_of(batches, fractions) if stratify else None
    examples = [identify(raw, fractions, labelled, strata) for raw in batches]
    table = pa.Table.from_batches(examples, examples_schema(task.label_type))
    result = deduplicate(table, task.keys_of)
    for near in (one for one in filters if isinstance(one, NearDuplicate)):
        result = without_losers(result, near.losers(map(near.bands, examples)))
    counted = result.counts(table)
    counts.update({f"deduplicate/{name}": value for name, value in counted.items()})
    unique = filtered(result.unique, filters)
    return Loaded(unique, rejects + result.conflicts, counts)


def filtered(sources: pa.Table, filters: Iterable[Filter]) -> pa.Table:
    """Without the sources that a filter drops by themselves."""
    wanted = [one for one in filters if not isinstance(one, NearDuplicate)]
    left = [drop(batch, dropped_by(wanted, batch, sources=True)).batch for batch in slices(sources)]
    return pa.Table.from_batches(left, sources.schema) if wanted else sources


def reasons(rejects: Iterable[Reject], indent: str = "  ") -> Iterator[str]:
    """A line for each of the most frequent reasons, with the place of one; and one for the rest."""
    by_reason: dict[tuple[str, str], list[Reject]] = {}
    for reject in rejects:
        by_reason.setdefault((reject.stage, reject.reason), []).append(reject)
    ordered = sorted(by_reason.items(), key=lambda kind: -len(kind[1]))
    for (stage, reason), those in ordered[:REASONS_SHOWN]:
        place = ", ".join(f"{key} {value}" for key, value in those[0].source.items())
        yield f"{indent}{len(those):,} x {stage}: {reason} (the first: {place})"
    if rest := ordered[REASONS_SHOWN:]:
        rows = sum(len(those) for _, those in rest)
        yield f"{indent}{rows:,} x {len(rest):,} other reasons"
