"""The rows that models are tested on, and how people rated them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mashbill.models.errors import MashbillError
from mashbill.models.gold_rows import gold_rows, other_rows
from mashbill.models.tasks.base import Lost, Task
from mashbill.models.tasks.words import spaced_words
from mashbill.pipelines.evaluation.suites import TEST
from mashbill.pipelines.messages import tell
from mashbill.pipelines.recipe import HumanRatings, Recipe
from mashbill.pipelines.rejects import settle_rejects
from mashbill.pipelines.summary import parquet_files
from mashbill.transforms.augmenters.edits import Variant
from mashbill.transforms.augmenters.labels import label_of
from mashbill.transforms.corpus import load_examples
from mashbill.transforms.examples import ORIGINAL, source_id_of
from mashbill.transforms.sources import plan
from mashbill.transforms.streams import compression_of, lines, open_plain, open_stream


class TestSet(NamedTuple):
    """Labelled rows: the source examples, ordered by id, before the variants.

    Attributes:
        pairs: second texts, or None in a task of single texts.
        values: gold labels, as the column has them.
        labels: the same as numbers, see `Task.gold`.
        augmenters: `none` for a source example.
        of: the labelled source examples that there are; a `limit` takes only some of them.
    """

    name: str
    suites: tuple[str, ...]
    texts: list[str]
    pairs: list[str] | None
    values: list[Any]
    labels: np.ndarray
    corpora: list[str]
    augmenters: list[str]
    of: int

    def take(self, places: np.ndarray) -> "TestSet":
        def some(values: list | None) -> list | None:
            return None if values is None else [values[place] for place in places.tolist()]

        return self._replace(
            texts=some(self.texts),
            pairs=some(self.pairs),
            values=some(self.values),
            labels=self.labels[places],
            corpora=some(self.corpora),
            augmenters=some(self.augmenters),
        )

    def perturbed(self, variants: Sequence[Variant], task: Task) -> "tuple[TestSet, int]":
        """The same rows with variants of their texts, to which the labels are carried over; a row
        that loses its label stays as it is, and is counted."""
        texts = [variant.text for variant in variants]
        if not task.losses:
            return self._replace(texts=texts), 0
        values = [
            label_of(variant, text, value, task.project)
            for variant, text, value in zip(variants, self.texts, self.values, strict=True)
        ]
        lost = [isinstance(value, Lost) for value in values]
        texts = [
            old if gone else new for old, new, gone in zip(self.texts, texts, lost, strict=True)
        ]
        values = [
            old if gone else new for old, new, gone in zip(self.values, values, lost, strict=True)
        ]
        rows = pa.table({"text": texts, "label": pa.array(values, task.stored_type)})
        labels = task.gold_of(rows)
        return self._replace(texts=texts, values=values, labels=labels), sum(lost)

    @property
    def originals(self) -> "TestSet":
        """The source examples alone."""
        return self.take(np.flatnonzero([name == ORIGINAL for name in self.augmenters]))


def labelled_test_split(recipe: Recipe) -> TestSet:
    """The labelled rows of the test split that `generate` wrote.

    Raises:
        MashbillError: there is none.
    """
    out = recipe.output.path
    parts = []
    for split, path in parquet_files(out):
        if split == TEST:
            with open_plain(path) as file:
                parts.append(pq.read_table(file))
    table = pa.concat_tables(parts, promote_options="permissive") if parts else None
    if table is None or not gold_rows(table).num_rows:
        raise MashbillError(
            f"{out}: no labelled source example in the test split, so nothing to evaluate on"
        )
    return _test_set(TEST, recipe.evaluate.suites, table, recipe)


def gold_batches(out: str, task: Task, wanted: str) -> Iterator[pa.RecordBatch]:
    """The labelled source examples of a split, with what tells their gold labels."""
    columns = [*task.gold_columns, "augmenter"]
    for split, path in parquet_files(out):
        if split == wanted:
            with open_plain(path) as file:
                for batch in pq.ParquetFile(file).iter_batches(columns=columns):
                    is_source = pc.equal(batch["augmenter"].cast(pa.string()), ORIGINAL)
                    yield batch.filter(pc.and_(is_source, batch["label"].is_valid()))


def other_sets(recipe: Recipe, max_rejects: float) -> list[TestSet]:
    """The sets of the section `evaluate`; says which of their rows are left out.

    Raises:
        MashbillError: a file cannot be used, no row of a set has a label, or more than the share
            `max_rejects` of its rows are rejects.
    """
    sets = []
    for one in recipe.evaluate.sets:
        where = f"evaluate.sets: {one.name}"
        loaded = load_examples([one.spec()], recipe.task, (0.0, 0.0, 1.0))
        settle_rejects(where, loaded, max_rejects)
        unlabelled = loaded.table["label"].null_count
        if unlabelled == loaded.table.num_rows:
            raise MashbillError(f"{where}: no row has a label")
        if unlabelled:
            tell(f"{where}: {unlabelled:,} rows without a label are left out")
        sets.append(_test_set(one.name, one.suites, loaded.table, recipe))
    return sets


def _test_set(name: str, suites: tuple[str, ...], table: pa.Table, recipe: Recipe) -> TestSet:
    gold, variants = gold_rows(table), other_rows(table.filter(pc.is_valid(table["label"])))
    sources = gold["source_id"]
    table = pa.concat_tables([gold, variants])
    if (limit := recipe.evaluate.limit) is not None:
        table = table.filter(pc.is_in(table["source_id"], sources.slice(0, limit)))
    column = {key: table[key].to_pylist() for key in ("text", "corpus", "augmenter")}
    pairs = table["text_pair"].to_pylist() if recipe.is_pair_task else None
    labels = recipe.task.gold_of(table)
    return TestSet(
        name,
        suites,
        column["text"],
        pairs,
        table["label"].to_pylist(),
        labels,
        column["corpus"],
        column["augmenter"],
        len(sources),
    )


def human_shares(
    ratings: HumanRatings, labels: Sequence[str], texts: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """How people shared their votes among the labels, for the texts that were rated.

    Returns:
        places: of the rated texts, int64 [rated]; shares: float64 [rated, classes], each row 1.

    Raises:
        MashbillError: the file has no such field, or a rating fits no label; names file and line.
    """
    wanted = {source_id_of(text): place for place, text in enumerate(texts)}
    rated: dict[int, np.ndarray] = {}
    for item in plan(ratings.spec()):
        with open_stream(item.path, compression_of(item.path)[1]) as file:
            for number, line in enumerate(lines(file), 1):
                where = f"{item.path}:{number}"
                row = _row(line, where)
                place = wanted.get(source_id_of(str(row.get(ratings.text) or "")))
                if place is not None:
                    votes = row.get(ratings.ratings)
                    if not isinstance(votes, list) or not votes:
                        raise MashbillError(f"{where}: {ratings.ratings}: not a list of ratings")
                    rated[place] = sum(_vote(vote, ratings, labels, where) for vote in votes)
    places = np.array(sorted(rated), np.int64)
    if not len(places):
        raise MashbillError(f"{ratings.path}: no text of the test split has ratings there")
    votes = np.stack([rated[place] for place in places.tolist()])
    return places, votes / votes.sum(axis=1, keepdims=True)


def _row(line: bytes, where: str) -> dict:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise MashbillError(f"{where}: not JSON: {error}") from None
    if not isinstance(row, dict):
        raise MashbillError(f"{where}: a row is an object, not {row!r:.40}")
    return row


def _vote(vote: object, ratings: HumanRatings, labels: Sequence[str], where: str) -> np.ndarray:
    """One rating's share in each label; a number on a bound counts half on either side."""
    shares = np.zeros(len(labels))
    if isinstance(vote, str) and vote in labels:
        shares[labels.index(vote)] = 1.0
    elif isinstance(vote, (int, float)) and len(ratings.bounds) == len(labels) - 1:
        below = int(np.searchsorted(ratings.bounds, vote, "left"))
        above = int(np.searchsorted(ratings.bounds, vote, "right"))
        shares[below] += 0.5
        shares[above] += 0.5
    else:
        raise MashbillError(
            f"{where}: {ratings.ratings}: {vote!r} is neither a label ({', '.join(labels)}) nor a "
            f"number to be compared with {len(labels) - 1} `bounds`"
        )
    return shares


def length_group(text: str) -> str:
    """How long a text is, in words; see `spaced_words`."""
    words = len(spaced_words(text))
    for limit, name in ((10, "1-10 words"), (20, "11-20 words"), (40, "21-40 words")):
        if words <= limit:
            return name
    return "more than 40 words"


def groups(test: TestSet, task: Task) -> dict[tuple[str, str], np.ndarray]:
    """Places of the rows of each slice: by length, corpus, label and augmenter."""
    keys = {
        "length": [length_group(text) for text in test.texts],
        "corpus": test.corpora,
        "label": None,
        "augmenter": test.augmenters,
    }
    places = {}
    for by, values in keys.items():
        if values is None:
            slices = task.slices(test.labels)
        else:
            slices = {
                name: np.flatnonzero([value == name for value in values])
                for name in sorted(Counter(values))
            }
        places |= {(by, name): slices[name] for name in sorted(slices)}
    return places
