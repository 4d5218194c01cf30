"""How a student is held against a soft label."""

from typing import NamedTuple


class Softness(NamedTuple):
    """Settings of the soft loss; a task takes what makes sense for its labels.

    Attributes:
        temperature: T, by which the teacher's logits are divided.
        form: `kl`, `ce` or `mse`; see `losses.soft_loss`.
        student_temperature: whether the student's logits are divided by T too.
    """

    temperature: float = 1.0
    form: str = "kl"
    student_temperature: bool = True


PLAIN = Softness()
