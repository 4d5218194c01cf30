"""Objectives that train on some of the rows only: `sld` and `select`."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mashbill.models.distill.kd import Distillation, SoftLabels, Terms
from mashbill.models.settings import Fraction

if TYPE_CHECKING:
    from numpy import ndarray
    from torch import Tensor

    from mashbill.models.distill.step import Rows, Step
    from mashbill.models.distill.watch import Watch
    from mashbill.models.tasks.base import Task


class PseudoLabels(SoftLabels):
    """`sld`: soft pseudo-labels of which the doubtful ones are left out or count less.

    With the sharpened label p = softmax(t / sharpen) and its confidence c = max softmax(t):

        (1 - a) · CE(y, s) on rows with a gold label, and there a times
        [c ≥ threshold] · u · b · D(p, s) on every row,

    D as in `SoftLabels` (T = 1 unless set), averaged over all rows of the batch, so that a batch of
    few sure rows moves the student little.

    - threshold: Sohn et al. 2020, "FixMatch", equation 4.
    - u, `weighting`: 1; the confidence c; or 1 - H(softmax(t)) / log classes, as in Iscen et al.
      2019, "Label Propagation for Deep Semi-supervised Learning", equation 11.
    - b, `balance`: every class that the teacher gives to rows in use gets the same sum of weights
      in the batch; Zou et al. 2018, "Class-Balanced Self-Training", treats classes alike too.
    - sharpen: below 1 it raises the likely classes; Berthelot et al. 2019, "MixMatch", equation 7,
      which raises probabilities to 1 / sharpen: the same for a softmax.

    The log has the share of the rows in use: `used`, and by the teacher's class and by augmenter.
    """

    kind: Literal["sld"] = Field(
        "sld", description="soft pseudo-labels above a confidence threshold"
    )
    temperature: float = Field(1.0, gt=0, description="temperature of both softmaxes")
    alpha: Fraction = Field(
        0.9, description="share of the soft loss in the loss of a row with a gold label"
    )
    threshold: Fraction = Field(0.8, description="confidence below which a soft label is ignored")
    weighting: Literal["none", "confidence", "entropy"] = Field(
        "none",
        description="weight of a soft label: 1, its confidence, or 1 minus its normalised entropy",
    )
    balance: bool = Field(
        False,
        description="give every class the same total weight of soft labels in a batch",
    )
    sharpen: float = Field(
        1.0,
        gt=0,
        description="temperature that the teacher's logits are divided by; below 1 sharpens "
        "the soft labels",
    )

    def terms(self, rows: "Rows", logits: "Tensor", watch: "Watch") -> Terms:
        gold = self._task.known(rows.labels).to(logits.dtype)
        soft = 1 - (1 - self.alpha) * gold
        of_soft = self.soft_rows(rows.teacher_logits / self.sharpen, logits)
        return {
            "gold": rows.mean((1 - soft) * self._task.gold_rows(logits, rows.labels)),
            "soft": rows.mean(soft * self.shares(rows, watch) * of_soft),
        }

    def shares(self, rows: "Rows", watch: "Watch") -> "Tensor":
        """How much the soft label of each row counts, [batch]; 0 for one that is left out."""
        confidence = self._task.confidence_rows(rows.teacher_logits)
        label = rows.teacher_logits.argmax(
            -1
        )  # of which class there is to say only where there are
        used = (confidence >= self.threshold).to(confidence.dtype)
        watch.add("used", used.sum(), len(used))
        watch.add_by("class", "used", used, label)
        watch.add_by("augmenter", "used", used, rows.augmenter)
        if self.weighting == "confidence":
            used = used * confidence
        elif self.weighting == "entropy":
            used = used * self._task.certainty_rows(rows.teacher_logits)
        return balanced(used, label, rows.teacher_logits.shape[-1]) if self.balance else used


def balanced(share: "Tensor", label: "Tensor", classes: int) -> "Tensor":
    """Shares scaled so that each class that has any gets the same sum; the whole sum stays."""
    from torch import zeros

    sums = zeros(classes, dtype=share.dtype, device=share.device).index_add(0, label, share)
    present = (sums > 0).sum().clamp_min(1)
    return share * (sums.sum() / present / sums.clamp_min(1e-12))[label]


class HardestVariants(Distillation):
    """`select`: `kd` on every source example and, of its variants, on the `keep` hardest.

    Hard are those on which KL(teacher ‖ student) is highest at this moment: Kamalloo et al. 2021,
    "Not Far Away, Not So Close: Sample Efficient Nearest Neighbour Data Augmentation via MiniMax",
    equation 4, and Kamalloo et al. 2022, "When Chosen Wisely, More Data Is What You Need"
    (Glitter). The cheap adversary: it costs a forward of all variants and no live teacher. Batches
    hold whole sources; `batch_size` counts the rows that are trained on.

    The log has the divergence of all variants and of those kept, and the share kept by augmenter.
    """

    kind: Literal["select"] = Field(
        "select", description="`kd` on sources and their hardest variants"
    )
    keep: int = Field(1, ge=1, description="number of variants of each source to train on")
    by_source: ClassVar[bool] = True

    @property
    def rows_per_source(self) -> int:
        return 1 + self.keep

    def choose(self, step: "Step") -> "Step":
        """The step with the rows to train on alone."""
        from torch import zeros_like

        from mashbill.models.training import without_dropout

        with without_dropout(step.student.model):
            hardness = divergences(step, self._task)
        variant = step.rows.variant
        kept = hardest(hardness, step.rows.source, variant, self.keep)
        chosen = zeros_like(variant).index_fill(0, kept, True) & variant
        step.watch.add("divergence/variants", hardness[variant].sum(), variant.sum())
        step.watch.add("divergence/kept", hardness[chosen].sum(), chosen.sum())
        step.watch.add_by("augmenter", "kept", chosen[variant], step.rows.augmenter[variant])
        return rows_of(step, kept)


def divergences(step: "Step", task: "Task") -> "Tensor":
    """`Task.divergence_rows` of teacher and student, without gradients: float32 [batch].

    A source's variants differ much in length, so rows go through the student sorted, in batches of
    little padding.
    """
    import torch

    from mashbill.models.batching import for_each_batch, token_budget

    wanted = step.rows.teacher_logits
    found = torch.empty(len(wanted), device=wanted.device)

    def measure(rows: "ndarray", width: int) -> None:
        places = torch.from_numpy(rows).to(wanted.device)
        inputs = {name: value[places, :width] for name, value in step.inputs.items()}
        found[places] = task.divergence_rows(wanted[places], step.student.logits(inputs))

    lengths = step.inputs["attention_mask"].sum(1).cpu().numpy()
    with torch.no_grad():
        for_each_batch(lengths, token_budget(wanted.device), measure)
    return found


def hardest(hardness: "Tensor", source: "Tensor", variant: "Tensor", keep: int) -> "Tensor":
    """Places of all source examples and of each source's `keep` hardest variants, ascending."""
    import torch

    order = hardness.argsort(descending=True, stable=True)
    order = order[variant[order]]
    order = order[source[order].argsort(stable=True)]  # by source, the hardest first
    _, counts = source[order].unique_consecutive(return_counts=True)
    starts = (counts.cumsum(0) - counts).repeat_interleave(counts)
    rank = torch.arange(len(order), device=order.device) - starts
    return torch.cat([(~variant).nonzero().flatten(), order[rank < keep]]).sort().values


def rows_of(step: "Step", rows: "Tensor") -> "Step":
    """The step of these rows alone, without the padding that only others needed."""
    width = int(step.inputs["attention_mask"][rows].sum(1).max())
    inputs = {name: value[rows, :width] for name, value in step.inputs.items()}
    return replace(step, inputs=inputs, rows=step.rows.take(rows))
