"""How long the written texts are, what their labels are and how sure the teacher is of them."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mashbill.models.tasks.base import Task
from mashbill.models.tasks.words import UNSPACED_SCRIPTS
from mashbill.pipelines.summary import Balance, Counts, Group, batches
from mashbill.transforms.examples import ORIGINAL

WORDS = np.concatenate([[0, 1, 2, 3, 4, 6, 8], np.round(2 ** np.arange(3.5, 14.1, 0.5)), [np.inf]])
# RE2, which writes a script without its key and knows white space of ASCII alone
UNSPACED = "".join(rf"\p{{{name}}}" for name in UNSPACED_SCRIPTS)
WORD = rf"[{UNSPACED}]\p{{M}}*|[^\s\x{{3000}}{UNSPACED}]+"
SPACES = np.isin(np.arange(256), list(b" \t\n\f\r"))
SHARES = np.linspace(0, 1, 21)
KINDS = ("sources", "variants")


class Distributions(NamedTuple):
    """Histograms by kind of row (`sources`, `variants`).

    Attributes:
        words: texts by number of words, in the bins `WORDS`.
        confidence: rows by the teacher's highest probability, in the bins `SHARES`.
        synthetic: rows by what the discriminator says, in the same bins; zeros without one.
        labels: train rows by the place of the label, None for those without a gold label.
        train: train rows.
    """

    words: dict[str, np.ndarray]
    confidence: dict[str, np.ndarray]
    synthetic: dict[str, np.ndarray]
    labels: dict[str, Counter]
    train: Counter


COLUMNS = ("text", "augmenter", "teacher_confidence", "synthetic")


def distributions(
    out: str, task: Task, *others: Counts
) -> tuple[Distributions, tuple[list[Group], list[Group]]]:
    """Reads every row of a data set once, for others too; with what `summary.balance` gives."""
    counted_rows = Distributions(
        *(
            {kind: np.zeros(len(edges) - 1, int) for kind in KINDS}
            for edges in (WORDS, SHARES, SHARES)
        ),
        {kind: Counter() for kind in KINDS},
        Counter(),
    )
    counted = Balance(task)
    others = (counted, *others)
    columns = (name for one in others for name in one.columns)
    for split, batch in batches(out, (*COLUMNS, *columns)):
        for one in others:
            one.add(split, batch)
        _count(counted_rows, task, split, batch)
    return counted_rows, counted.groups()


def _count(into: Distributions, task: Task, split: str, batch: pa.RecordBatch) -> None:
    is_source = pc.equal(batch["augmenter"].cast(pa.string()), ORIGINAL)
    is_variant = ~is_source.to_numpy(zero_copy_only=False)
    _add(into.words, is_variant, word_counts(batch["text"]), WORDS)
    if task.has_confidence:
        _add(into.confidence, is_variant, batch["teacher_confidence"], SHARES)
    if "synthetic" in batch.schema.names:
        _add(into.synthetic, is_variant, batch["synthetic"], SHARES)
    if split == "train" and task.is_exact:
        gold = task.gold_of(batch)
        known = task.known(gold)
        for kind, mine in zip(KINDS, (~is_variant, is_variant), strict=True):
            into.train[kind] += int(mine.sum())
            tally = task.tally(gold[mine]).astype(int).tolist()
            into.labels[kind] += Counter(dict(enumerate(tally)))
            into.labels[kind] += Counter({None: int((mine & ~known).sum())})


def word_counts(texts: pa.Array) -> np.ndarray:
    """How many words each text has, int64 [texts]; see `models.tasks.words.spaced_words`."""
    found = _runs(texts)
    unspaced = pc.match_substring_regex(texts, f"[{UNSPACED}]")
    if pc.any(unspaced).as_py():
        some = texts.filter(unspaced)
        found[unspaced.to_numpy(zero_copy_only=False)] = pc.count_substring_regex(some, WORD)
    return found


def _runs(texts: pa.Array) -> np.ndarray:
    """How many runs of bytes that are no white space each text has, int64 [texts]; ten times as
    fast as a regular expression."""
    found = np.zeros(len(texts), np.int64)
    if not len(texts):
        return found
    texts = texts.cast(pa.large_string())
    _, bounds, data = texts.buffers()
    bounds = np.frombuffer(bounds, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    letters = ~SPACES[np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]]]
    starts, sizes = bounds[:-1] - bounds[0], np.diff(bounds)
    begins = letters.copy()
    begins[1:] &= ~letters[:-1]
    starts = starts[sizes > 0]
    begins[starts] = letters[starts]
    if len(starts):
        found[sizes > 0] = np.add.reduceat(begins.view(np.uint8), starts, dtype=np.int64)
    return found


def _add(
    counts: dict[str, np.ndarray],
    is_variant: np.ndarray,
    values: pa.Array | np.ndarray,
    edges: np.ndarray,
) -> None:
    """Adds to a histogram of each kind the values that are there, too small ones as the smallest;
    the last bin holds its right edge, as numpy's do."""
    numbers, bins = np.asarray(values, float), len(edges) - 1
    there = ~np.isnan(numbers)
    place = (np.searchsorted(edges, numbers[there], "right") - 1).clip(0, bins - 1)
    found = np.bincount(place + bins * is_variant[there], minlength=2 * bins).reshape(2, bins)
    for kind, of_kind in zip(KINDS, found, strict=True):
        counts[kind] += of_kind
