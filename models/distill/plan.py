"""What decides the weights of a student beside the data, and how a training follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from transformers import TrainingArguments

from mashbill.models.balance import chosen_weights
from mashbill.models.device import Precision, pick_device, pick_dtype
from mashbill.models.distill.batches import BatchPlan
from mashbill.models.distill.choosing import CHOSEN, Change
from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.extras import Extra
from mashbill.models.distill.fresh import Fresh
from mashbill.models.distill.objectives import Objective
from mashbill.models.distill.rows import DataError
from mashbill.models.distill.settings import Training
from mashbill.models.distill.stream import Selection
from mashbill.models.distill.student import Student


@dataclass(frozen=True)
class Plan:
    """All that decides the weights, beside the data.

    Attributes:
        extras: mixing and matching.
        soft_labels: see `BatchPlan`.
        teacher: its model folder.
        max_length: tokens of a text.
        evaluation: of the weights of the trained student when it is measured.
        noises: what validation texts go through when a checkpoint is chosen, by name.
        fresh: makes the variants that `selection.fresh` asks for.
    """

    student: Student
    objective: Objective
    training: Training
    teacher: str
    max_length: int
    seed: int
    selection: Selection = field(default_factory=Selection)
    soft_labels: str | Mapping[str, str] = "row"
    extras: Sequence[Extra] = ()
    evaluation: Precision = "auto"
    noises: Mapping[str, Change] = field(default_factory=dict)
    fresh: Fresh | None = None

    @property
    def asks_teacher(self) -> bool:
        """Whether a live teacher is asked during the training."""
        extras = any(extra.needs_teacher for extra in self.extras)
        return self.objective.needs_teacher or extras or self.labels_live

    @property
    def labels_live(self) -> bool:
        """Whether a live teacher gives soft labels of fresh variants."""
        return self.fresh is not None and bool(self.fresh.live)

    @property
    def loads_teacher(self) -> bool:
        """Whether anything of the teacher's folder is needed."""
        return self.asks_teacher or self.student.uses_teacher

    def without_teacher(self, base: str) -> "Plan":
        """The plan of a teacher that is still to be trained from `base`, less what asks it."""
        extras = tuple(extra for extra in self.extras if not extra.needs_teacher)
        fresh = self.fresh and replace(self.fresh, live=frozenset())
        return replace(self, teacher=base, extras=extras, fresh=fresh)


def batch_size(plan: Plan) -> int:
    """Rows of a batch, or source examples where it holds whole ones."""
    size = plan.training.batch_size
    return max(1, size // plan.objective.rows_per_source) if plan.objective.by_source else size


def batch_plan(data: SoftLabelled, plan: Plan) -> BatchPlan:
    """How the rows of a training become batches."""
    weights = None
    if data.task.has_classes:
        counts = plan.selection.expected_tally(data)
        weights = chosen_weights(plan.training.balance, counts)
    return BatchPlan(
        size=batch_size(plan),
        buffer=plan.training.buffer,
        seed=plan.seed,
        selection=plan.selection,
        by_source=plan.objective.by_source,
        soft_labels=plan.soft_labels,
        class_weights=weights,
        fresh=plan.fresh,
    )


def steps_of(data: SoftLabelled, plan: Plan, processes: int = 1) -> int:
    """Steps of the optimiser: as set, or those of `epochs` passes."""
    training = plan.training
    if training.steps is not None:
        return training.steps
    units = plan.selection.expected_rows(data)
    if plan.objective.by_source:
        units = data.splits["train"].sources
    per_step = batch_size(plan) * training.accumulation * processes
    return max(1, round(training.epochs * units / per_step))


def training_arguments(data: SoftLabelled, plan: Plan, checkpoints: Path) -> TrainingArguments:
    training, device = plan.training, pick_device()
    if not plan.selection.expected_rows(data):
        raise DataError(f"{data.folder}: no train row can be used by this training")
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        use_cpu=device.type == "cpu",
        bf16=pick_dtype(training.precision, device) is torch.bfloat16,
        per_device_train_batch_size=training.batch_size,
        gradient_accumulation_steps=training.accumulation,
        learning_rate=training.learning_rate,
        lr_scheduler_type=training.schedule
        if training.schedule != "constant"
        else "constant_with_warmup",
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_gradient_norm,
        remove_unused_columns=False,  # it would drop the teacher's logits
        ignore_data_skip=True,  # the batches themselves begin where the checkpoint ended
        restore_callback_states_from_checkpoint=True,
        eval_strategy="steps",
        save_strategy="steps",
        load_best_model_at_end=True,
        metric_for_best_model=CHOSEN if plan.noises else best_by(data, training),
        greater_is_better=best_by(data, training) not in data.task.lower_is_better,
        logging_strategy="steps",
        logging_nan_inf_filter=False,  # it waits for the GPU in every step; `log` looks for them
        logging_steps=training.log_every,
        report_to=list(training.report_to) or "none",
        disable_tqdm=True,
        seed=plan.seed % 2**32,
    )
    arguments.max_steps = steps_of(data, plan, arguments.world_size)
    every = training.evaluate_every or -(-arguments.max_steps // 10)
    arguments.eval_steps = arguments.save_steps = min(every, arguments.max_steps)
    arguments.warmup_steps = int(training.warmup * arguments.max_steps)
    return arguments


def best_by(data: SoftLabelled, training: Training) -> str:
    """The figure of the validation split that chooses the checkpoint.

    Raises DataError if it needs gold labels but no row has one.
    """
    labelled = data.splits["validation"].labelled
    task = data.task
    if training.best_by in task.needs_gold and not labelled:
        raise DataError(
            f"{data.folder}: distill.training.best_by is {training.best_by}, but no "
            "validation row has a gold label; use agreement or divergence"
        )
    if training.best_by or not labelled:
        return training.best_by or "agreement"
    train = data.splits["train"]
    return task.chooses_by(train.labelled_tally()) if train.labelled else task.chosen_by[0]
