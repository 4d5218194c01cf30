"""What one training step has to work with."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from mashbill.models.distill.taps import Tap
from mashbill.models.distill.watch import Watch

if TYPE_CHECKING:
    from mashbill.models.distill.adversary import Adversary

NO_LABEL = -100


@dataclass(frozen=True)
class Step:
    """One batch and the models around it. All tensors are on the student's device.

    Attributes:
        student: in training mode; under DDP the wrapped model, so call it, not its parts.
        inputs: `input_ids`, `attention_mask` and, where the model has them, `token_type_ids`:
            int64 [batch, tokens].
        labels: int64 [batch], gold classes; -100 where there is none.
        teacher_logits: float32 [batch, classes].
        weight: float32 [batch], of the loss of each row.
        teacher: frozen, in evaluation mode; None unless something asked for a live one.
        own: bool [batch], False where the soft label is the source example's; None if all are own.
        source: int64 [batch], equal for the rows made from one source example.
        variant: bool [batch], False for a source example.
        augmenter: int64 [batch], an index into `augmenters`.
        augmenters, classes: names, for what is logged.
        watch: collects figures of the step, to be logged with the next loss.
        adversary: writes texts against the student, in the objective `adv`.
        student_tap, teacher_tap: listen to `student_logits` and `live_logits` being computed.
    """

    student: torch.nn.Module
    inputs: dict[str, torch.Tensor]
    labels: torch.Tensor
    teacher_logits: torch.Tensor
    weight: torch.Tensor
    teacher: torch.nn.Module | None = None
    own: torch.Tensor | None = None
    source: torch.Tensor | None = None
    variant: torch.Tensor | None = None
    augmenter: torch.Tensor | None = None
    augmenters: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    watch: Watch = field(default_factory=Watch)
    adversary: "Adversary | None" = None
    student_tap: Tap | None = None
    teacher_tap: Tap | None = None

    def known_of(self, rows: torch.Tensor) -> dict[str, torch.Tensor | None]:
        """The fields that have a value for each row, of these rows."""
        names = ("labels", "teacher_logits", "weight", "own", "source", "variant", "augmenter")
        fields = {name: getattr(self, name) for name in names}
        return {name: value if value is None else value[rows] for name, value in fields.items()}

    @property
    def own_weight(self) -> torch.Tensor:
        """The weight of the rows held against what the teacher makes of themselves, else 0."""
        return self.weight if self.own is None else self.weight * self.own

    @cached_property
    def student_logits(self) -> torch.Tensor:
        """Of the rows as they stand, computed once: float32 [batch, classes]."""
        with self.student_tap.listening() if self.student_tap else nullcontext():
            return self.answer(self.student, self.inputs)

    @cached_property
    def live_logits(self) -> torch.Tensor:
        """The live teacher's on the rows as they stand, computed once: float32 [batch, classes]."""
        with self.teacher_tap.listening() if self.teacher_tap else nullcontext():
            return self.answer(self.teacher, self.inputs)

    def answer(self, model: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """A model's logits on any inputs, float32 [rows, classes]; only the student's learn."""
        with nullcontext() if model is self.student else torch.no_grad():
            return model(**inputs).logits.float()
