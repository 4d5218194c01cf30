"""`mashbill train-teacher`: fine-tunes the teacher, or its members, unless that is done already."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mashbill.models.checks import check_encoder
from mashbill.models.errors import MashbillError
from mashbill.pipelines.messages import tell
from mashbill.pipelines.training import examples_by_split, training_fingerprint
from mashbill.transforms.examples import fold_of

if TYPE_CHECKING:
    from mashbill.models.ensemble import Ensemble
    from mashbill.pipelines.recipe import Recipe


def train_teacher(recipe: "Recipe", max_rejects: float = 0.01) -> dict[str, Any]:
    """Trains `teacher.train.base` into the teacher's folder; one that was killed resumes after its
    last epoch, to the same weights.

    Members of an ensemble differ by their seed; those of a cross-fitted teacher also by the part of
    the train split that they do not see.

    Returns:
        For validation and test what `Task.metrics` says; of one model, it also stands in
        metrics.json beside the weights. Of several, the metrics of their mean, with
        `members_agree`, see `Ensemble.agreement`.

    Raises:
        MashbillError: the recipe has no `teacher.train`, the base model cannot serve, a split
            has no labelled example, a corpus has more rejects than the share `max_rejects` of its
            rows, or a folder holds something else.
    """
    teacher = recipe.teacher
    if teacher.train is None:
        raise MashbillError("the recipe has no section teacher.train, so there is nothing to train")
    check_encoder(teacher.train.base)
    splits = _Splits(recipe, max_rejects)
    metrics = [
        _train_member(recipe, number, folder, splits)
        for number, folder in enumerate(teacher.members)
    ]
    if len(metrics) == 1:
        return metrics[0]
    return _of_all(recipe, splits.tables)


class _Splits:
    """The labelled source examples of each split, read when they are first wanted."""

    def __init__(self, recipe: "Recipe", max_rejects: float):
        self._recipe, self._max_rejects = recipe, max_rejects

    @cached_property
    def tables(self) -> dict[str, pa.Table]:
        tables = examples_by_split(self._recipe, "teacher", self._max_rejects)
        task = self._recipe.task
        for split in ("validation", "test"):
            tally = task.tally(task.gold_of(tables[split]))
            for line in task.too_few_to_measure(split, tally):
                tell(f"teacher: warning: {line}")
        return tables

    def without_part(self, folds: int | None, number: int) -> pa.Table:
        """The train split, less one of so many parts."""
        train = self.tables["train"]
        if folds is None:
            return train
        parts = [fold_of(one, folds) for one in train["source_id"].to_pylist()]
        return train.filter(pa.array(np.array(parts, np.int64) != number))


def _train_member(recipe: "Recipe", number: int, member: str, splits: _Splits) -> dict[str, Any]:
    from mashbill.models.model_folder import (
        finished_metrics,
        kept_checkpoints,
        new_model_folder,
        write_metrics,
    )
    from mashbill.models.train_classifier import (
        evaluate_classifier,
        set_thresholds,
        train_classifier,
    )

    teacher, folder = recipe.teacher, Path(member)
    name = "teacher" if len(teacher.members) == 1 else f"teacher {number + 1}"
    fingerprint = training_fingerprint(recipe, _section(recipe, number), teacher.train.base)
    if (done := finished_metrics(folder, fingerprint)) is not None:
        tell(f"{name}: {folder} is up to date")
        return done
    tables = splits.tables
    tell(f"{name}: training {teacher.train.base} into {folder}")
    with (
        kept_checkpoints(folder, fingerprint) as checkpoints,
        new_model_folder(folder, fingerprint) as new,
    ):
        train_classifier(
            splits.without_part(teacher.folds, number),
            tables["validation"],
            folder=new,
            checkpoints=checkpoints,
            task=recipe.task,
            max_length=teacher.max_length,
            seed=recipe.seed + number,
            report=lambda line: tell(f"{name}: {line}"),
            **teacher.train.model_dump(),
        )
        how = (teacher.max_length, teacher.precision, recipe.task, teacher.windows)
        set_thresholds(new, tables["validation"], *how)
        metrics = {
            split: evaluate_classifier(new, tables[split], *how) for split in _measured(tables)
        }
        write_metrics(new, metrics)
    return metrics


def _section(recipe: "Recipe", number: int) -> dict[str, Any]:
    """What a member's weights depend on; of one model alone as when there were no others."""
    teacher = recipe.teacher
    section = teacher.model_dump(mode="json", include={"max_length", "windows", "train"})
    if len(teacher.members) > 1:
        section |= {"number": number, "folds": teacher.folds}
    return section


def _measured(tables: Mapping[str, pa.Table]) -> list[str]:
    return [
        split
        for split in ("validation", "test")
        if tables[split]["label"].null_count < tables[split].num_rows
    ]


def _of_all(recipe: "Recipe", tables: Mapping[str, pa.Table]) -> dict[str, Any]:
    """Metrics of the mean, and how far the members agree."""
    from mashbill.models.gold_rows import gold_rows
    from mashbill.models.train_classifier import labelled, text_pairs

    teacher, task = recipe.teacher, recipe.task
    both: Ensemble = teacher.spec(recipe.labels).load(task)
    metrics = {}
    for split in _measured(tables):
        table = gold_rows(labelled(tables[split], split))
        texts, pairs = table["text"].to_pylist(), text_pairs(table)
        figures = task.metrics(both.logits(texts, pairs), task.gold_of(table))
        metrics[split] = {**figures, "members_agree": both.agreement(task, texts, pairs)}
    return metrics
