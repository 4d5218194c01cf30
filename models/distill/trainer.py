"""A transformers Trainer whose loss is the sum of an objective's named terms."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from accelerate.utils import gather_object, send_to_device
from safetensors.torch import save_file
from torch.utils.data import DataLoader
from transformers import Trainer
from transformers.trainer import OPTIMIZER_NAME, SCHEDULER_NAME
from transformers.trainer_callback import ExportableState

from mashbill.models.checkpoints import AVERAGES_FILE, STATE_FILE, WEIGHTS_FILE, checkpoint_name
from mashbill.models.distill.adversary import Adversary
from mashbill.models.distill.averages import Averages
from mashbill.models.distill.batches import TrainBatches
from mashbill.models.distill.choosing import Change, with_noise
from mashbill.models.distill.extras import Extra, attach
from mashbill.models.distill.fresh import Tally
from mashbill.models.distill.loader import Loader
from mashbill.models.distill.objectives import Objective
from mashbill.models.distill.saving import File, Saver
from mashbill.models.distill.step import Step
from mashbill.models.distill.taps import Tapped
from mashbill.models.distill.validation import Validation
from mashbill.models.distill.watch import Watch
from mashbill.models.errors import MashbillError

ADVERSARY_FILE = "adversary.pt"
FRESH_FILE = "fresh.pt"
NO_NOISE: Mapping[str, Change] = MappingProxyType({})


class DistillTrainer(Trainer):
    """Trains on batches that hold the `inputs` and `rows` of a `Step`.

    Args:
        batches: of the train split; the validation split comes of the same data set.
        objective: gives the terms of the loss.
        extras: further terms of the loss.
        teacher: a live one, frozen, on the student's device; None if nothing needs it.
        adversary: writes texts against the student, for the objective `adv`.
        figure: of the validation split, which chooses the checkpoint.
        noises: under which it does too, by name.
        average: decay of the averaged weights that are evaluated; None: the weights as they are.
        workers: processes that make batches ahead.
    """

    def __init__(
        self,
        *args: Any,
        batches: TrainBatches,
        objective: Objective,
        extras: Sequence[Extra] = (),
        teacher: torch.nn.Module | None = None,
        adversary: Adversary | None = None,
        figure: str = "agreement",
        noises: Mapping[str, Change] = NO_NOISE,
        average: float | None = None,
        workers: int = 0,
        **kwargs: Any,
    ):
        super().__init__(*args, train_dataset=batches, eval_dataset=batches.data, **kwargs)
        self.batches = batches
        self.objective = objective
        self.extras = extras
        if teacher is not None:  # computes in the precision that the student has
            teacher = self.accelerator.prepare_model(teacher, evaluation_mode=True)
        self.teacher = teacher
        self.adversary = adversary
        self.figure, self.noises, self.workers = figure, noises, workers
        fresh = batches.plan.fresh
        self.tally = None if fresh is None else Tally(self.args.device)
        self.labels_live = fresh is not None and bool(fresh.live)
        self.averages = None if average is None else Averages(self.model, average)
        if self.averages is not None:
            self.add_callback(self.averages)
        classes = batches.data.labels if batches.data.task.has_classes else ()
        self.validation = Validation(
            batches.data,
            batches.encoder,
            self.args.device,
            batches.tokens,
            self.args.process_index,
            self.args.world_size,
        )
        self.saver = Saver(Path(self.args.output_dir))
        self.watch = Watch({"class": classes, "augmenter": batches.encoder.augmenters})
        self.student_tap, teacher_tap = attach(extras, self.model, teacher)
        self.tapped_teacher = None if teacher is None else Tapped(teacher, teacher_tap)
        # The loss is a mean over the batch: Trainer must divide it by the accumulation steps.
        self.model_accepts_loss_kwargs = False
        self.loss_is_scaled_for_ga = False

    def get_train_dataloader(self) -> DataLoader:
        return Loader(self.batches, self.workers, self.args.device)

    def _prepare_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """On the device, as Trainer's own does, but without waiting for each copy."""
        return send_to_device(inputs, self.args.device, non_blocking=True)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        step = Step(
            **inputs,
            student=Tapped(model, self.student_tap),
            teacher=self.tapped_teacher,
            watch=self.watch,
        )
        if self.tally is not None:
            self.tally.add(step.rows.fresh)
        if self.labels_live:
            step = step.labelled()
        step = self.objective.choose(step)
        terms = self.objective.terms(step.rows, step.student_logits, step.watch)
        for further in (self.adversary, *self.extras):
            if further is not None:
                terms |= further.terms(step, self.objective)
        for name, term in terms.items():
            self.watch.add(f"loss/{name}", term)
        loss = sum(terms.values())
        return (loss, {"logits": step.student_logits}) if return_outputs else loss

    def evaluate(self, eval_dataset=None, ignore_keys=None, metric_key_prefix="eval"):
        """Of the validation split, by name `eval_*`: see `Answers.metrics`."""
        averaged = nullcontext() if self.averages is None else self.averages.in_their_place()
        with averaged, self.compute_loss_context_manager():
            metrics = self._figures()
            if self.noises:
                noisy = {name: self._figures(change) for name, change in self.noises.items()}
                metrics = with_noise(self.figure, metrics, noisy)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in metrics.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _figures(self, change: Change | None = None) -> dict[str, float]:
        return self.validation.answers(self.model, change).metrics()

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: Trainer's estimate expects other batches."""
        return 0

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            logs = {**logs, **self.watch.means(gather_object)}
            _check_finite(logs, self.state.global_step)
        super().log(logs, start_time)

    def _save_checkpoint(self, model, trial) -> None:
        """Takes a snapshot of all that a resume needs, which is written while training goes on."""
        state, step, saver = self.state, self.state.global_step, self.saver
        if state.best_global_step:
            best = saver.folder / checkpoint_name(state.best_global_step)
            state.best_model_checkpoint = str(best)
        is_over = self.control.should_training_stop or step >= self.args.max_steps
        place = saver.begin(step) if self.args.should_save else saver.place(step)
        self.accelerator.wait_for_everyone()
        if not is_over:
            self._save_rng_state(str(place))  # of every process
        found = self.fresh_found()
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            saver.save(step, state.best_global_step, self._files(is_over, found))

    def _files(self, is_over: bool, found: torch.Tensor | None) -> dict[str, File]:
        """Of a checkpoint. Weights that are not trained are those that the student begins with."""
        copy, frozen = self.saver.snapshot.of, set(_frozen(self.model))
        weights = {n: one for n, one in self.model.state_dict().items() if n not in frozen}
        files: dict[str, File] = {WEIGHTS_FILE: (save_file, copy(WEIGHTS_FILE, weights))}
        if self.averages is not None:
            averages = copy(AVERAGES_FILE, self.averages.state_dict())
            files[AVERAGES_FILE] = (save_file, averages)
        states = {OPTIMIZER_NAME: self.optimizer, SCHEDULER_NAME: self.lr_scheduler}
        states = {} if is_over else states
        if self.adversary is not None:
            states[ADVERSARY_FILE] = self.adversary
        for name, one in states.items():
            files[name] = (torch.save, copy(name, one.state_dict()))
        if found is not None:
            files[FRESH_FILE] = (torch.save, found)
        return files | {STATE_FILE: (_write_text, self._state_as_json())}

    def _state_as_json(self) -> str:
        callbacks = [*self.callback_handler.callbacks, self.control]
        self.state.stateful_callbacks |= {
            type(one).__name__: one.state() for one in callbacks if isinstance(one, ExportableState)
        }
        return json.dumps(asdict(self.state), indent=2, sort_keys=True) + "\n"

    def _load_best_model(self) -> None:
        """Waits for the last checkpoint; `load_best` does the rest."""
        self.saver.wait()
        self.accelerator.wait_for_everyone()

    def fresh_found(self) -> torch.Tensor | None:
        """What became of the fresh rows of all processes so far, see `Tally`."""
        if self.tally is None:
            return None
        return self.accelerator.reduce(self.tally.found, "sum").cpu()

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is not None:
            self.load_players(Path(checkpoint))

    def load_players(self, checkpoint: Path) -> None:
        """Puts adversary, averages and counts into the state that they had there."""
        if self.adversary is not None:
            state = torch.load(checkpoint / ADVERSARY_FILE, weights_only=True)
            self.adversary.load_state_dict(state)
        if self.averages is not None:
            self.averages.load(checkpoint)
        if self.tally is not None and self.args.process_index == 0:  # of all processes together
            self.tally.load(torch.load(checkpoint / FRESH_FILE, weights_only=True))


def _frozen(model: torch.nn.Module) -> Iterator[str]:
    return (name for name, one in model.named_parameters() if not one.requires_grad)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _check_finite(logs: dict[str, float], step: int) -> None:
    for name, value in logs.items():
        if name.startswith("loss/") and not math.isfinite(value):
            raise MashbillError(
                f"step {step}: the loss is not finite ({name} is {value}); try a lower "
                "distill.training.learning_rate"
            )
