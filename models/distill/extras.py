"""What may be added to an objective: further terms of the loss, each from the same batch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from mashbill.models.settings import Section

if TYPE_CHECKING:
    from torch.nn import Module
    from transformers import PreTrainedModel

    from mashbill.models.distill.objectives import Objective, Terms
    from mashbill.models.distill.step import Step
    from mashbill.models.distill.taps import Tap

LEARNED = "learned_for_matching"  # a submodule of the student while it is trained


class Extra(Section):
    """Settings of one further term, and how to compute it."""

    weight: float = Field(1.0, ge=0, description="weight of the term in the loss")

    @property
    def needs_teacher(self) -> bool:
        """Whether the term asks a live teacher."""
        return False

    @property
    def reads_states(self) -> bool:
        """Whether the term looks at what the last block makes of every token."""
        return False

    def student_modules(self, student: "PreTrainedModel") -> dict[str, "Module"]:
        """Modules of the student, by a name of their own, that the term looks into."""
        return {}

    def teacher_modules(self, teacher: "PreTrainedModel") -> dict[str, "Module"]:
        """The same for the teacher."""
        return {}

    def learned(
        self, student: "PreTrainedModel", teacher: "PreTrainedModel"
    ) -> dict[str, "Module"]:
        """Modules that are trained beside the student and thrown away at the end."""
        return {}

    def terms(self, step: "Step", objective: "Objective") -> "Terms":
        raise NotImplementedError


def attach(
    extras: Sequence[Extra], student: "PreTrainedModel", teacher: "PreTrainedModel | None"
) -> tuple["Tap", "Tap | None"]:
    """Readies both models for the extras: the taps of the student and of the teacher.

    What is learned beside the student becomes its submodule, so that optimiser and checkpoints hold
    it; `detach` takes it off again.

    Raises:
        ModelError: a model has no such layers, or the two do not fit together.
    """
    from torch.nn import ModuleDict

    from mashbill.models.distill.taps import Tap

    listened, heard, learned = {}, {}, {}
    for extra in extras:
        listened |= extra.student_modules(student)
        if teacher is not None and extra.needs_teacher:
            heard |= extra.teacher_modules(teacher)
            learned |= extra.learned(student, teacher)
    if learned:
        student.add_module(LEARNED, ModuleDict(learned).to(student.device))
    return Tap(listened), None if teacher is None else Tap(heard)


def detach(student: "PreTrainedModel") -> None:
    """Removes what `attach` added to the student."""
    if hasattr(student, LEARNED):
        delattr(student, LEARNED)
