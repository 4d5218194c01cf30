"""Soft labels, and the objective `kd` that most others build on."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mashbill.models.settings import Fraction, Section

if TYPE_CHECKING:
    from torch import Tensor

    from mashbill.models.distill.step import Step

Terms = dict[str, "Tensor"]


class SoftLabels(Section):
    """How a student is held against soft labels; see `losses.soft_loss`.

    Attributes:
        temperature: T; higher shows the student more of the wrong classes' order.
        form: `kl`, `ce` or `mse` on the logits.
        student_temperature: whether the student's logits are divided by T too.
    """

    temperature: float = Field(2.0, gt=0)
    form: Literal["kl", "ce", "mse"] = "kl"
    student_temperature: bool = True
    needs_teacher: ClassVar[bool] = False
    by_source: ClassVar[bool] = False  # whether a batch must hold whole sources

    @property
    def rows_per_source(self) -> int:
        """How many rows of a source are trained on, where a batch holds whole sources."""
        return 1

    def choose(self, step: "Step") -> "Step":
        """The step with the rows to train on; all of them, unless the objective is choosy."""
        return step

    def soft_rows(self, teacher: "Tensor", student: "Tensor") -> "Tensor":
        """The soft loss of each row, [batch]."""
        from mashbill.models.distill.losses import soft_loss

        return soft_loss(
            teacher,
            student,
            temperature=self.temperature,
            form=self.form,
            student_temperature=self.student_temperature,
        )


class Distillation(SoftLabels):
    """`kd`: (1 - a) · CE(y, s) + a · T² · KL(softmax(t/T) ‖ softmax(s/T)).

    Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network". The mean is over
    the batch, weighted by row; a row without a gold label has the soft term alone, with weight 1
    in place of `alpha`.
    """

    kind: Literal["kd"] = "kd"
    alpha: Fraction = 0.9

    def terms(self, step: "Step") -> Terms:
        return self.row_terms(step, step.student_logits, step.weight)

    def row_terms(self, step: "Step", student: "Tensor", weight: "Tensor") -> Terms:
        """The two terms over the rows of the step, under other logits or weights."""
        from mashbill.models.distill.losses import gold_loss, weighted_mean
        from mashbill.models.distill.step import NO_LABEL

        gold = (step.labels != NO_LABEL).to(student.dtype)
        soft = 1 - (1 - self.alpha) * gold
        return {
            "gold": weighted_mean((1 - soft) * gold_loss(student, step.labels), weight),
            "soft": weighted_mean(soft * self.soft_rows(step.teacher_logits, student), weight),
        }
