"""The pool: variants by every candidate at every rate, made and labelled once.

A data set of the sources, and for each level of the rates a round that adds variants to it. A trial
selects rows by augmenter, level and what the teacher says, so it costs a training and no teacher.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mashbill.pipelines.generate import generate
from mashbill.pipelines.output import round_folder
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.search.candidates import Candidate
from mashbill.pipelines.search.choice import Choice, empty_augment
from mashbill.transforms.examples import ORIGINAL

LEVEL = "level"  # of a variant's rate; null for a source
FIRST_ROUND = 2


class Pool(NamedTuple):
    """All rows that trials select from.

    Attributes:
        folder: of the data set, whose validation and test splits have no variants.
        train: sources and variants with the column `LEVEL`, sorted by source.
        agrees: whether the teacher says of each row what it says of its source, bool [rows].
        task: of the rows.
    """

    folder: Path
    train: pa.Table
    agrees: np.ndarray

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of the train rows."""
        return tuple(sorted(self.folder.rglob("data/train-*.parquet")))


def parts(recipe: Recipe, candidates: Sequence[Candidate], folder: str) -> list[Recipe]:
    """What `generate` makes: the sources, and then the variants of each level."""
    bare = {"min_similarity": None, "max_synthetic": None, "teacher_agrees": False,
            "min_confidence": 0.0, "weight": "uniform"}  # fmt: skip
    output = recipe.output.model_copy(update={"path": folder, "adds_to": None})
    whole = recipe.model_copy(
        update={
            "filter": recipe.filter.model_copy(update=bare),
            "filters": tuple(one for one in recipe.filters if one.of_sources),
            "augment": empty_augment(recipe),
            "output": output,
            "distill": None,
            "evaluate": None,
            "search": None,
            "rounds": 1,
        }
    )
    found = [whole]
    for level in range(recipe.search.levels):
        methods = [one.method(level, 1.0) for one in candidates if level < len(one.rates)]
        if methods:
            copies = recipe.search.variants * len(methods)
            changes = {"copies": copies, "methods": tuple(methods), "splits": ("train",),
                       "first_copy": 1 + sum(part.augment.copies for part in found)}  # fmt: skip
            added = {"path": round_folder(folder, FIRST_ROUND + level), "adds_to": folder}
            found.append(
                whole.model_copy(
                    update={
                        "augment": recipe.augment.model_copy(update=changes),
                        "output": output.model_copy(update=added),
                    }
                )
            )
    return found


def make_pool(recipe: Recipe, candidates: Sequence[Candidate], folder: str) -> None:
    """Generates what is not there yet.

    Raises:
        MashbillError: see `generate`.
    """
    for part in parts(recipe, candidates, folder):
        generate(part)


def open_pool(recipe: Recipe, folder: str) -> Pool:
    """Reads the train rows of a pool into memory."""
    root = Path(folder)
    found = [_rows(root, None)]
    found += [
        _rows(Path(round_folder(folder, FIRST_ROUND + level)), level)
        for level in range(recipe.search.levels)
    ]
    train = pa.concat_tables([table for table in found if table is not None])
    is_variant = pc.not_equal(train["augmenter"], ORIGINAL)
    train = train.append_column("_variant", is_variant)
    train = train.sort_by([("source_id", "ascending"), ("_variant", "ascending"),
                           ("id", "ascending")]).drop_columns(["_variant"])  # fmt: skip
    return Pool(root, train, _agrees(recipe, train))


def _rows(root: Path, level: int | None) -> pa.Table | None:
    tables = [pq.read_table(path) for path in sorted((root / "data").glob("train-*.parquet"))]
    if not tables:
        return None
    table = pa.concat_tables(tables).unify_dictionaries()
    for name in ("augmenter", "corpus"):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].cast(pa.string()))
    return table.append_column(LEVEL, pa.array([level] * table.num_rows, pa.int8()))


def _agrees(recipe: Recipe, train: pa.Table) -> np.ndarray:
    task = recipe.task
    answers = task.predict(task.scores(train["teacher_logits"]))
    of_source = answers[source_rows(train)]
    return task.agree(answers, of_source)


def source_rows(train: pa.Table) -> np.ndarray:
    """The place of each row's source, int64 [rows]; rows are sorted by source, sources first."""
    ids = train["source_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    starts = np.flatnonzero(np.diff(ids, prepend=-1))
    return starts[np.searchsorted(starts, np.arange(len(ids)), side="right") - 1]


def selected(pool: Pool, choice: Choice) -> np.ndarray:
    """Places of the rows that a choice trains on, int64: every source, and of its variants that
    pass the filters as many as there may be copies, drawn by the shares of their methods.

    The draw is decided by the rows' ids: a variant that a wider choice takes is likely to be among
    those of a narrower one, so that trials differ by what is chosen and not by chance.
    """
    train = pool.train
    weight = np.zeros(train.num_rows)
    names = train["augmenter"].to_numpy(zero_copy_only=False)
    levels = train[LEVEL].fill_null(-1).to_numpy()
    for label, chosen in choice.methods.items():
        weight[(names == label) & (levels == chosen.level)] = chosen.share
    if choice.teacher_agrees:
        weight[~pool.agrees] = 0
    if choice.min_confidence:
        weight[train["teacher_confidence"].to_numpy() < choice.min_confidence] = 0
    if choice.min_similarity is not None and "similarity" in train.column_names:
        near = train["similarity"].fill_null(1.0).to_numpy()
        weight[near < choice.min_similarity] = 0
    is_source = names == ORIGINAL
    # Weighted sampling without replacement: the largest u^(1/w) (Efraimidis and Spirakis 2006).
    drawn = np.array([int(one[:13], 16) for one in train["id"].to_pylist()]) / 16.0**13
    with np.errstate(divide="ignore"):
        keys = np.where(weight > 0, np.log(np.maximum(drawn, 1e-300)) / weight, -np.inf)
    sources = source_rows(train)
    order = np.lexsort((-keys, sources))
    starts = np.flatnonzero(np.diff(sources[order], prepend=-1))
    sizes = np.diff(np.append(starts, len(order)))
    in_order = np.arange(len(order)) - np.repeat(starts, sizes)
    rank = np.empty(len(order), np.int64)
    rank[order] = in_order
    return np.flatnonzero(is_source | (np.isfinite(keys) & ~is_source & (rank < choice.copies)))


def write_selected(pool: Pool, rows: np.ndarray, folder: Path) -> None:
    """A data set of these rows and of the pool's validation and test splits."""
    (folder / "data").mkdir(parents=True)
    for split in ("validation", "test"):
        for path in (pool.folder / "data").glob(f"{split}-*.parquet"):
            (folder / "data" / path.name).symlink_to(path.resolve())
    table = pool.train.take(rows).drop_columns([LEVEL])
    pq.write_table(table, folder / "data/train-00000-of-00001.parquet")
