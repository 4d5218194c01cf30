"""Losses of a student's logits, a row each. All take and return float32 (or float64) tensors.

Where a soft label is meant, `teacher` are raw logits, [batch, classes].
"""

import math

import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

NO_LABEL = -100  # in place of a gold class, for a row without one


def divergence(teacher: torch.Tensor, student: torch.Tensor) -> torch.Tensor:
    """KL(softmax(teacher) ‖ softmax(student)) in nats, [batch]; gradients flow into both."""
    target = log_softmax(teacher, dim=-1)
    return kl_div(log_softmax(student, dim=-1), target, reduction="none", log_target=True).sum(-1)


def soft_loss(
    teacher: torch.Tensor,
    student: torch.Tensor,
    *,
    temperature: float = 1.0,
    form: str = "kl",
    student_temperature: bool = True,
) -> torch.Tensor:
    """Distance of the student from the soft label, [batch].

    - `kl`: T² · KL(softmax(t/T) ‖ softmax(s/T)). Hinton et al. 2015, "Distilling the Knowledge in
      a Neural Network", section 2: the factor keeps the gradient's size as T changes.
    - `ce`: T² · CE(softmax(t/T), softmax(s/T)): the same gradient, plus the teacher's entropy.
    - `mse`: mean over classes of (t - s)²; section 2.1 shows it to be the limit of high T.

    Without `student_temperature` the student's logits are not divided by T, and the factor T² is
    left out: its gradient does not shrink with T then.
    """
    if form == "mse":
        return (teacher - student).square().mean(-1)
    factor = temperature**2 if student_temperature else 1.0
    own = student / temperature if student_temperature else student
    if form == "ce":
        return -factor * (softmax(teacher / temperature, -1) * log_softmax(own, -1)).sum(-1)
    return factor * divergence(teacher / temperature, own)


def gold_loss(student: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy with the gold label, [batch]; 0 for a row without one."""
    return cross_entropy(student, labels, reduction="none", ignore_index=NO_LABEL)


def weighted_mean(
    rows: torch.Tensor, weight: torch.Tensor, over: torch.Tensor | None = None
) -> torch.Tensor:
    """Σ w·x / Σ w, or over the sum of other weights; 0 where no row has weight."""
    total = (weight if over is None else over).sum()
    return (rows * weight).sum() / total.clamp_min(torch.finfo(rows.dtype).tiny)


def certainty(logits: torch.Tensor) -> torch.Tensor:
    """1 - H(softmax) / log classes: 0 for an even distribution, 1 for a sure one; [batch]."""
    log = log_softmax(logits, -1)
    return 1 + (log.exp() * log).sum(-1) / math.log(logits.shape[-1])
