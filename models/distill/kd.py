"""Soft labels, and the objective `kd` that most others build on."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr

from mashbill.models.settings import Fraction, Section
from mashbill.models.tasks.base import Task
from mashbill.models.tasks.single import Single
from mashbill.models.tasks.softness import Softness

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

    from mashbill.models.distill.step import Rows, Step
    from mashbill.models.distill.watch import Watch

Terms = dict[str, "Tensor"]


class SoftLabels(Section):
    """How a student is held against soft labels; see `losses.soft_loss`."""

    temperature: float = Field(
        2.0,
        gt=0,
        description="temperature of both softmaxes; a higher one tells the student more "
        "about the wrong classes",
    )
    form: Literal["kl", "ce", "mse"] = Field(
        "kl",
        description="loss on soft labels: `kl` divergence, `ce` cross-entropy, or `mse` of "
        "the logits",
    )
    student_temperature: bool = Field(
        True, description="whether the student's logits are divided by T too"
    )
    needs_teacher: ClassVar[bool] = False
    by_source: ClassVar[bool] = False  # whether a batch must hold whole sources

    _task: Task = PrivateAttr(default_factory=Single)

    def of(self, task: Task) -> Self:
        """The objective of a training on this task; without it, one class a text is meant."""
        bound = self.model_copy()
        bound._task = task
        return bound

    @property
    def rows_per_source(self) -> int:
        """How many rows of a source are trained on, where a batch holds whole sources."""
        return 1

    def adversary(self, tokenizers: "Mapping[str, PreTrainedTokenizerFast]") -> Any:
        """Who writes texts against the student, an `Adversary`; None if nobody does.

        Args:
            tokenizers: of teacher and student, by what an error calls them.
        """
        return None

    def choose(self, step: "Step") -> "Step":
        """The step with the rows to train on; all of them, unless the objective is choosy."""
        return step

    def terms(self, rows: "Rows", logits: "Tensor", watch: "Watch") -> Terms:
        """Scalars by name, already weighted, whose sum is the loss.

        Args:
            logits: the student's, float32 [batch, classes].
            watch: is told what is worth a line in the log.
        """
        raise NotImplementedError

    def soft_rows(self, teacher: "Tensor", student: "Tensor") -> "Tensor":
        """The soft loss of each row, [batch]."""
        how = Softness(self.temperature, self.form, self.student_temperature)
        return self._task.soft_rows(teacher, student, how)


class Distillation(SoftLabels):
    """`kd`: (1 - a) · CE(y, s) + a · T² · KL(softmax(t/T) ‖ softmax(s/T)).

    Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network". The mean is over
    the batch, weighted by row; a row without a gold label has the soft term alone, with weight 1
    in place of `alpha`.
    """

    kind: Literal["kd"] = Field("kd", description="gold and soft labels")
    alpha: Fraction = Field(
        0.9,
        description="share of the soft loss in the loss of a row with a gold label; 1 for "
        "other rows",
    )

    def terms(self, rows: "Rows", logits: "Tensor", watch: "Watch") -> Terms:
        gold = self._task.known(rows.labels).to(logits.dtype)
        soft = 1 - (1 - self.alpha) * gold
        of_soft = self.soft_rows(rows.teacher_logits, logits)
        return {
            "gold": rows.mean((1 - soft) * self._task.gold_rows(logits, rows.labels)),
            "soft": rows.mean(soft * of_soft),
        }
