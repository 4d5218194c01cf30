"""`mashbill train-teacher`: fine-tunes the teacher, unless that is done already."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mashbill.models.errors import MashbillError
from mashbill.models.loading import check_encoder
from mashbill.pipelines.messages import tell
from mashbill.pipelines.training import examples_by_split, training_fingerprint

if TYPE_CHECKING:
    from mashbill.pipelines.recipe import Recipe


def train_teacher(recipe: "Recipe", max_rejects: float = 0.01) -> dict[str, Any]:
    """Trains `teacher.train.base` into `teacher.model`; one that was killed resumes after its last
    epoch, to the same weights.

    Returns:
        The metrics that also stand in metrics.json beside the weights: for validation and test
        what `Task.metrics` says.

    Raises:
        MashbillError: the recipe has no `teacher.train`, the base model cannot serve, a split
            has no labelled example, a corpus has more rejects than the share `max_rejects` of its
            rows, or the folder holds something else.
    """
    teacher = recipe.teacher
    if teacher.train is None:
        raise MashbillError("the recipe has no section teacher.train, so there is nothing to train")
    check_encoder(teacher.train.base)
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

    section = teacher.model_dump(mode="json", exclude={"model", "precision"})
    fingerprint = training_fingerprint(recipe, section, teacher.train.base)
    folder = Path(teacher.model)
    if (done := finished_metrics(folder, fingerprint)) is not None:
        tell(f"teacher: {folder} is up to date")
        return done
    tables = examples_by_split(recipe, "teacher", max_rejects)
    for split in ("validation", "test"):
        tally = recipe.task.tally(recipe.task.gold_of(tables[split]))
        for line in recipe.task.too_few_to_measure(split, tally):
            tell(f"teacher: warning: {line}")
    tell(f"teacher: training {teacher.train.base} into {folder}")
    with (
        kept_checkpoints(folder, fingerprint) as checkpoints,
        new_model_folder(folder, fingerprint) as new,
    ):
        train_classifier(
            tables["train"],
            tables["validation"],
            folder=new,
            checkpoints=checkpoints,
            task=recipe.task,
            max_length=teacher.max_length,
            seed=recipe.seed,
            report=lambda line: tell(f"teacher: {line}"),
            **teacher.train.model_dump(),
        )
        how = (teacher.max_length, teacher.precision, recipe.task, teacher.windows)
        set_thresholds(new, tables["validation"], *how)
        metrics = {
            split: evaluate_classifier(new, tables[split], *how)
            for split in ("validation", "test")
            if tables[split]["label"].null_count < tables[split].num_rows
        }
        write_metrics(new, metrics)
    return metrics
