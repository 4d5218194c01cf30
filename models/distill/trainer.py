"""A transformers Trainer whose loss is the sum of an objective's named terms."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer

from models.distill.adversary import Adversary
from models.distill.extras import Extra, attach
from models.distill.objectives import Objective
from models.distill.step import Step
from models.distill.watch import Watch

ADVERSARY_FILE = "adversary.pt"


class DistillTrainer(Trainer):
    """Trains on batches that hold the fields of a `Step`.

    Args:
        objective: gives the terms of the loss.
        extras: further terms of the loss.
        adversary: writes texts against the student, for the objective `adv`.
        teacher: a live one, frozen, on the student's device; None if nothing needs it.
    """

    def __init__(
        self,
        *args: Any,
        objective: Objective,
        extras: Sequence[Extra] = (),
        teacher: torch.nn.Module | None = None,
        adversary: Adversary | None = None,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self.objective = objective
        self.extras = extras
        self.teacher = teacher
        self.adversary = adversary
        self.watch = Watch()
        self.taps = attach(extras, self.model, teacher)
        # The loss is a mean over the batch: Trainer must divide it by the accumulation steps.
        self.model_accepts_loss_kwargs = False
        self.loss_is_scaled_for_ga = False

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        student_tap, teacher_tap = self.taps
        step = Step(
            student=model,
            teacher=self.teacher,
            watch=self.watch,
            adversary=self.adversary if model.training else None,
            student_tap=student_tap,
            teacher_tap=teacher_tap,
            **inputs,
        )
        terms = self.objective.terms(step)
        for extra in self.extras if model.training else ():
            terms |= extra.terms(step, self.objective)
        for name, term in terms.items():
            self.watch.add(f"loss/{name}", term)
        loss = sum(terms.values())
        return (loss, {"logits": step.student_logits}) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            logs = {**logs, **self.watch.means()}
        super().log(logs, start_time)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        super()._save_optimizer_and_scheduler(output_dir)
        if self.adversary is not None and self.args.should_save:
            torch.save(self.adversary.state_dict(), Path(output_dir, ADVERSARY_FILE))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if self.adversary is not None and checkpoint is not None:
            path = Path(checkpoint, ADVERSARY_FILE)
            self.adversary.load_state_dict(torch.load(path, weights_only=True))
