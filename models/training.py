"""What the trainings share: Trainer settings, progress lines, and random state of their own."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import (
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from mashbill.models.device import has_native_bf16, pick_device, use_threads_from_environment
from mashbill.models.quiet import quiet_transformers

SECONDS_BETWEEN_LINES = 10
# The state after the last whole epoch is all that a training needs to go on.
RESUMABLE = {"save_strategy": "epoch", "save_total_limit": 1, "save_only_model": False}

Report = Callable[[str], None]


def training_arguments(folder: Path, **options: Any) -> TrainingArguments:
    """Settings common to both: one device, bf16 autocast where it is native, nothing printed."""
    use_threads_from_environment()
    device = pick_device()
    common = {
        "output_dir": str(folder),
        "bf16": has_native_bf16(device),
        "use_cpu": device.type == "cpu",
        "dataloader_pin_memory": device.type == "cuda",
        "train_sampling_strategy": "group_by_length",
        "lr_scheduler_type": "linear",
        "weight_decay": 0.01,
        "report_to": "none",
        "disable_tqdm": True,
        "logging_strategy": "no",
        "save_only_model": True,
    }
    return TrainingArguments(**common | options)


def run_trainer(trainer: Trainer, report: Report, checkpoint: Path | None = None) -> None:
    """Trains, reporting a line every ten seconds and one for each evaluation.

    Args:
        checkpoint: to go on from.
    """
    trainer.remove_callback(PrinterCallback)  # it prints to stdout
    trainer.add_callback(_ProgressLines(report))
    with quiet_transformers(), attention_that_learns_fast(trainer.model):
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))


@contextmanager
def attention_that_learns_fast(*models: PreTrainedModel) -> Iterator[None]:
    """On a CPU, plain matrix products for a block: there the backward pass of torch's fused
    attention takes so long that a step costs 1.4 times as much (docs/performance.md)."""
    used = [model.config._attn_implementation for model in models]
    for model, name in zip(models, used, strict=True):
        if model.device.type == "cpu" and name == "sdpa":
            model.set_attn_implementation("eager")
    try:
        yield
    finally:
        for model, name in zip(models, used, strict=True):
            model.set_attn_implementation(name)


class _ProgressLines(TrainerCallback):
    def __init__(self, report: Report):
        self.report = report
        self.last = self.begin = time.monotonic()
        self.first_step = 0

    def on_train_begin(self, args, state, control, **kwargs):
        self.first_step = state.global_step

    def on_step_end(self, args, state, control, **kwargs):
        now = time.monotonic()
        if now - self.last >= SECONDS_BETWEEN_LINES:
            self.last = now
            pace = (now - self.begin) / (state.global_step - self.first_step)
            left = pace * (state.max_steps - state.global_step)
            self.report(f"step {state.global_step} of {state.max_steps}, {left:.0f} s left")

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        shown = ", ".join(
            f"{name.removeprefix('eval_')} {metrics[name]:.4f}"
            for name in ("eval_loss", "eval_accuracy", "eval_macro_f1", "eval_agreement")
            if name in (metrics or {})
        )
        whole = float(state.epoch).is_integer()
        where = f"epoch {state.epoch:.0f}" if whole else f"step {state.global_step}"
        self.report(f"{where}: validation {shown}")


@contextmanager
def own_random_state(seed: int) -> Iterator[None]:
    """Seeds torch for a block and puts its random state back afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def without_dropout(*models: PreTrainedModel):
    """Evaluation mode for a block; each model's own mode is put back."""
    with ExitStack() as stack:
        for model in models:
            stack.callback(model.train, model.training)
            model.eval()
        yield
