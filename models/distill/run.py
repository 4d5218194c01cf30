"""One training of a student, from a data set on disk to weights in memory; resumes by itself."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import (
    EarlyStoppingCallback,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    TrainerCallback,
)

from mashbill.models.checkpoints import (
    checkpoint_state,
    is_over,
    last_checkpoint,
    load_best,
)
from mashbill.models.device import pick_dtype, use_threads_from_environment
from mashbill.models.distill.adversary import Adversary, check_vocabularies
from mashbill.models.distill.batches import TrainBatches
from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.extras import detach
from mashbill.models.distill.loader import workers_for
from mashbill.models.distill.plan import Plan, batch_plan, best_by, training_arguments
from mashbill.models.distill.settings import Training
from mashbill.models.distill.student import build_student
from mashbill.models.distill.taps import Tapped
from mashbill.models.distill.token_files import token_files
from mashbill.models.distill.tokenized import BatchEncoder
from mashbill.models.distill.trainer import DistillTrainer
from mashbill.models.distill.trial import try_student
from mashbill.models.distill.vocabulary import CutVocabulary, texts_of
from mashbill.models.first_token import last_block_for_first_token
from mashbill.models.head import output_layer
from mashbill.models.loading import length_limit, load_model, load_tokenizer
from mashbill.models.tasks.base import Task
from mashbill.models.training import (
    Report,
    attention_that_learns_fast,
    own_random_state,
    run_trainer,
)


class Trained(NamedTuple):
    """What a training ends with.

    Attributes:
        model: the weights of the best checkpoint, in evaluation mode.
        encoder: the student's, for further batches of the data set.
        log: what the training has said, a mapping for each line.
        steps, best_step: of the optimiser, in all and up to the best checkpoint.
        chief: whether this is the process that writes files.
        adversary: as it is after the last step; None but for the objective `adv`.
        cut: the vocabulary, where the student does not have all of it.
        fresh: what became of the fresh rows that it was trained on, see `fresh.Tally`.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    encoder: BatchEncoder
    log: list[dict[str, Any]]
    steps: int
    best_step: int
    chief: bool
    adversary: Adversary | None = None
    cut: CutVocabulary | None = None
    fresh: torch.Tensor | None = None


def _say_nothing(line: str) -> None:
    del line


def train_student(
    data: SoftLabelled,
    plan: Plan,
    checkpoints: Path,
    report: Report = _say_nothing,
    callbacks: Sequence[TrainerCallback] = (),
) -> Trained:
    """Trains, or resumes from the last whole checkpoint in `checkpoints`.

    Several processes, as torchrun or accelerate start them, train one student together: each has
    its share of every step's rows, and only the first reports and saves.

    Args:
        callbacks: of the Trainer, called beside our own.

    Raises:
        MashbillError: a model cannot serve, a setting does not fit it, or the loss is not finite.
    """
    use_threads_from_environment()
    with own_random_state(plan.seed):
        tally, rows = plan.selection.expected_tally(data), plan.selection.expected_rows(data)
        task = data.task.fitted(tally, rows)
        model, tokenizer = build_student(plan.student, plan.teacher, task)
        cut = cut_vocabulary(plan, model, tokenizer, texts_of(data, "train"))
        if cut is not None:
            tokenizer = cut.tokenizer
        if plan.training.dropout is not None:
            set_dropout(model, plan.training.dropout)
        if plan.training.freeze_embeddings:
            model.get_input_embeddings().requires_grad_(False)
        for warning in task.warnings(tally):
            report(warning)
        limit = length_limit(model.config, tokenizer, plan.max_length)
        makers = plan.fresh.augmenters if plan.fresh else ()
        encoder = BatchEncoder(data, tokenizer, limit, task, makers)
        arguments = training_arguments(data, plan, checkpoints)
        together = arguments.distributed_state
        together.wait_for_everyone()  # until the first process has made room for this training
        report = report if together.is_main_process else _say_nothing
        last = last_checkpoint(checkpoints)
        state = checkpoint_state(last) if last else {}
        done = state["global_step"] if last else 0
        over = last is not None and is_over(state, arguments.max_steps)
        fresh = plan.fresh is not None
        if cut is not None:  # no other student has its tokenizer
            data = replace(data, drawn_from=())
        tokens = None if over else token_files(data, encoder, fresh, report)
        batches = TrainBatches(
            data,
            encoder,
            batch_plan(data, plan),
            start=done * plan.training.accumulation,
            rank=arguments.process_index,
            world=arguments.world_size,
            tokens=tokens,
        )
        trainer = DistillTrainer(
            model=model,
            args=arguments,
            batches=batches,
            objective=plan.objective.of(task),
            extras=plan.extras,
            figure=best_by(data, plan.training),
            noises=plan.noises,
            average=plan.training.average,
            workers=workers_for(arguments.device, plan.training.workers, fresh or tokens is None),
            callbacks=[*_early_stopping(plan.training), *callbacks],
            **_players(plan, task, tokenizer, cut, arguments.device),
        )
        if not over:
            _try(trainer, tokenizer, plan, task)
            if last:
                report(f"resumes after step {done}")
                _warn_of_others(last, together.num_processes, report)
            if not together.is_main_process:  # processes draw dropout and noise of their own
                torch.manual_seed(plan.seed + together.process_index)
            with (
                closing(trainer.saver),
                attention_that_learns_fast(*_asked_for_gradients(trainer)),
                last_block_for_first_token(*_read_at_first_token(trainer)),
            ):
                run_trainer(trainer, report, last)
        else:
            trainer.load_players(last)
    detach(model)
    state = load_best(model, checkpoints)
    if task.rescales:
        task.fold(output_layer(model))
    log, chief = state["log_history"], trainer.is_world_process_zero()
    steps = state["global_step"], state["best_global_step"]
    found = trainer.fresh_found()
    together.wait_for_everyone()  # the first process removes the checkpoints
    return Trained(
        model.eval(), tokenizer, encoder, log, *steps, chief, trainer.adversary, cut, found
    )


def _warn_of_others(checkpoint: Path, processes: int, report: Report) -> None:
    before = len(list(checkpoint.glob("rng_state*.pth")))
    if before != processes:
        report(
            f"warning: {processes} processes go on with what {before} began: the student will not "
            "be exactly the one that an undisturbed training makes"
        )


def cut_vocabulary(
    plan: Plan,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    texts: Iterable[Sequence[str]],
) -> CutVocabulary | None:
    """Cuts the student to what the texts need, if the plan says so.

    Raises ModelError if the vocabulary cannot be cut, or a live teacher has another.
    """
    if plan.labels_live or any(extra.needs_teacher for extra in plan.extras):
        check_vocabularies({"the teacher": load_tokenizer(plan.teacher), "the student": tokenizer})
    if plan.student.vocabulary == "full":
        return None
    cut = CutVocabulary.of(tokenizer, model, texts)
    cut.cut(model)
    return cut


def _try(trainer: DistillTrainer, tokenizer: Any, plan: Plan, task: Task) -> None:
    """Raises ModelError if the student cannot be trained or evaluated."""
    device = trainer.model.device
    try_student(
        Tapped(trainer.model, trainer.student_tap),
        trainer.tapped_teacher,
        tokenizer,
        trainer.objective,
        trainer.extras,
        task=task,
        max_length=plan.max_length,
        training=pick_dtype(plan.training.precision, device),
        evaluation=pick_dtype(plan.evaluation, device),
    )


def set_dropout(model: torch.nn.Module, share: float) -> None:
    """Of every layer that drops, as long as the model is in memory."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share


def _early_stopping(training: Training) -> list[EarlyStoppingCallback]:
    return [] if training.patience is None else [EarlyStoppingCallback(training.patience)]


def _players(
    plan: Plan, task: Task, tokenizer: Any, cut: CutVocabulary | None, device: torch.device
) -> dict[str, Any]:
    """The live teacher and the adversary, as far as something asks for them.

    The teacher reads the student's pieces, so it is cut alike: train rows need no other.
    """
    players: dict[str, Any] = {}
    if plan.asks_teacher:
        teacher = load_model(plan.teacher, task.auto_class)
        if cut is not None:
            cut.cut(teacher)
        if task.rescales:
            task.unfold(output_layer(teacher))
        players["teacher"] = teacher.to(device)
        tokenizers = {"the teacher": load_tokenizer(plan.teacher), "the student": tokenizer}
        players["adversary"] = plan.objective.of(task).adversary(tokenizers)
    return players


def _asked_for_gradients(trainer: DistillTrainer) -> list[PreTrainedModel]:
    """The models, beside the student, through which the adversary's gain goes back."""
    if trainer.adversary is None:
        return []
    return [trainer.teacher, trainer.adversary.assistant.model]


def _read_at_first_token(trainer: DistillTrainer) -> list[PreTrainedModel]:
    """The classifiers of which nothing but the head looks at what the last block makes."""
    one_answer = trainer.batches.data.task.one_answer
    if not one_answer or any(extra.reads_states for extra in trainer.extras):
        return []
    return [model for model in (trainer.model, trainer.teacher) if model is not None]
