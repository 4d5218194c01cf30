"""What one training step has to work with."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from mashbill.models.distill.losses import weighted_mean
from mashbill.models.distill.taps import Tapped
from mashbill.models.distill.watch import Watch


class Rows(NamedTuple):
    """What is known of each row of a batch beside its text, one value a row."""

    labels: Tensor  # gold, see `Task.gold`
    teacher_logits: Tensor  # float32 [batch, labels]
    weight: Tensor  # float32 [batch], of the row's loss
    plain: Tensor  # float32 [batch], the same without what weighs its class
    own: Tensor  # bool [batch], False where the soft label is the source example's
    source: Tensor  # int64 [batch], equal for the rows made from one source example
    variant: Tensor  # bool [batch], False for a source example
    augmenter: Tensor  # int64 [batch], a place in `BatchEncoder.augmenters`
    fresh: Tensor  # int64 [batch], what became of a fresh row, see `fresh.OUTCOMES`
    live: Tensor  # bool [batch], True where a live teacher gives the soft label

    def take(self, places: Tensor) -> "Rows":
        """The same of the rows at these places."""
        return Rows(*(column[places] for column in self))

    def mean(self, values: Tensor) -> Tensor:
        """Of a value for each row, by weight. Divided by the plain weights: a batch without a rare
        class, whose rows all weigh little, must not count as much as one with it."""
        return weighted_mean(values, self.weight, self.plain)

    def labelled(self, live: Tensor) -> "Rows":
        """With the live teacher's logits where they are asked for; none where there is no word."""
        stored = self.teacher_logits[:, : live.shape[1]]
        asked = self.live.view(-1, *[1] * (live.ndim - 1)) & ~stored.isnan()
        return self._replace(teacher_logits=live.where(asked, stored))

    @property
    def own_weight(self) -> Tensor:
        """The weight of the rows held against what the teacher makes of themselves, else 0."""
        return self.weight * self.own


@dataclass(frozen=True)
class Step:
    """One batch and the models that answer to it. All tensors are on the student's device.

    Args:
        inputs: `input_ids`, `attention_mask` and, where the model has them, `token_type_ids`:
            int64 [batch, tokens].
        rows: of the same batch.
        student: in training mode; under DDP the wrapped model, so call it, not its parts.
        teacher: frozen, in evaluation mode; None unless something asked for a live one.
        watch: collects figures of the step, to be logged with the next loss.
    """

    inputs: dict[str, Tensor]
    rows: Rows
    student: Tapped
    teacher: Tapped | None = None
    watch: Watch = field(default_factory=Watch)

    @cached_property
    def student_logits(self) -> Tensor:
        """Of the rows as they stand, computed once: float32 [batch, classes]."""
        with self.student.tap.listening():
            return self.student.logits(self.inputs)

    def labelled(self) -> "Step":
        """The step in which the live teacher has labelled the rows that ask for it."""
        live = self.live_logits
        step = replace(self, rows=self.rows.labelled(live))
        vars(step)["live_logits"] = live  # what else asks the teacher need not do so again
        return step

    @cached_property
    def live_logits(self) -> Tensor:
        """The live teacher's on the rows as they stand, computed once: float32 [batch, classes]."""
        with self.teacher.tap.listening(), torch.no_grad():
            return self.teacher.logits(self.inputs)
