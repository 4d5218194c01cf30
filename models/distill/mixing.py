"""Augmentation at the level of vectors, combinable with every objective.

Each of these changes the batch's vectors and asks the objective for its terms on the outcome. Rows
without gold labels, weights and selection are thus treated as the objective treats them.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from mashbill.models.distill.extras import Extra

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

    from mashbill.models.distill.objectives import Objective, Terms
    from mashbill.models.distill.step import Rows, Step
    from mashbill.models.distill.taps import Tapped

SENTENCE = "sentence vector"


class Mixup(Extra):
    """Common to both: pairs of rows, mixed in the proportion Beta(alpha, alpha)."""

    alpha: float = Field(
        0.4,
        gt=0,
        description="parameter of Beta(alpha, alpha); small values keep most mixtures close "
        "to one of the two rows",
    )
    live: bool = Field(
        False,
        description="label the mixed vectors by a live teacher; otherwise mix the stored "
        "soft labels",
    )

    @property
    def needs_teacher(self) -> bool:
        return self.live

    def terms(self, step: "Step", objective: "Objective") -> "Terms":
        from mashbill.models.distill.perturb import draw_mix

        weight = step.rows.weight
        partner, share = draw_mix(len(weight), self.alpha, weight.device)
        student = self.student_logits(step, partner, share)
        both = [step.rows, step.rows.take(partner)]
        if self.live:
            teacher = self.teacher_logits(step, partner, share)
            both = [rows._replace(teacher_logits=teacher) for rows in both]
        own, others = (total(objective, rows, student) for rows in both)
        value = share * own + (1 - share) * others
        return {self.kind: self.weight * value}

    def student_logits(self, step: "Step", partner: "Tensor", share: float) -> "Tensor":
        raise NotImplementedError

    def teacher_logits(self, step: "Step", partner: "Tensor", share: float) -> "Tensor":
        raise NotImplementedError


class TokenMixup(Mixup):
    """Mixes the token embeddings of two rows place by place.

    Liang et al. 2021, "MixKD: Towards Efficient Distillation of Large-scale Language Models",
    section 3. All losses here are linear in the soft label, or differ from a linear one by what
    does not depend on the student; so the loss against a mixed label is the mix of two losses.
    """

    kind: Literal["token_mixup"] = Field(
        "token_mixup", description="mixes the token embeddings of two rows"
    )

    def student_logits(self, step, partner, share):
        return _answer(step.student, step.inputs, partner, share)

    def teacher_logits(self, step, partner, share):
        import torch

        with torch.no_grad():
            return _answer(step.teacher, step.inputs, partner, share)


def _answer(model: "Tapped", inputs: dict, partner: "Tensor", share: float) -> "Tensor":
    from mashbill.models.distill.perturb import embedded, mixed_inputs

    vectors = embedded(inputs, model.bare.get_input_embeddings())
    return model.logits(mixed_inputs(vectors, partner, share))


class SentenceMixup(Mixup):
    """Mixes the vectors from which the two rows' logits are made.

    Guo, Mao and Zhang 2019, "Augmenting Data with Mixup for Sentence Classification", section 3
    (senMixup). Costs no forward of the student but the last layer's.
    """

    kind: Literal["sentence_mixup"] = Field(
        "sentence_mixup", description="mixes the sentence vectors of two rows"
    )

    def student_modules(self, student: "PreTrainedModel") -> dict[str, "Module"]:
        from mashbill.models.head import output_layer

        return {SENTENCE: output_layer(student)}

    def teacher_modules(self, teacher: "PreTrainedModel") -> dict[str, "Module"]:
        return self.student_modules(teacher)

    def student_logits(self, step, partner, share):
        from mashbill.models.distill.perturb import mix
        from mashbill.models.head import output_layer

        step.student_logits  # noqa: B018  (the forward that fills the tap)
        vectors = mix(step.student.tap.inputs[SENTENCE], partner, share)
        return output_layer(step.student.bare)(vectors).float()

    def teacher_logits(self, step, partner, share):
        import torch

        from mashbill.models.distill.perturb import mix
        from mashbill.models.head import output_layer

        step.live_logits  # noqa: B018
        with torch.no_grad():
            vectors = mix(step.teacher.tap.inputs[SENTENCE], partner, share)
            return output_layer(step.teacher.model)(vectors).float()


class Noise(Extra):
    """Gaussian noise on the token embeddings; the labels stay."""

    kind: Literal["noise"] = Field("noise", description="Gaussian noise on the token embeddings")
    std: float = Field(
        0.1,
        gt=0,
        description="standard deviation of the noise, relative to the root mean square of "
        "the embeddings",
    )

    def terms(self, step: "Step", objective: "Objective") -> "Terms":
        from mashbill.models.distill.perturb import embedded, noisy_inputs

        vectors = embedded(step.inputs, step.student.bare.get_input_embeddings())
        return {
            self.kind: self.weight * perturbed(step, objective, noisy_inputs(vectors, self.std))
        }


class FreeLB(Extra):
    """The perturbation of the token embeddings that raises the loss most; the labels stay.

    Zhu et al. 2020, "FreeLB". Costs a forward and backward of the student for each of the `steps`.
    """

    kind: Literal["freelb"] = Field(
        "freelb", description="adversarial perturbation of the token embeddings"
    )
    steps: int = Field(3, ge=1, description="number of perturbations, including the random start")
    step_size: float = Field(
        0.1, gt=0, description="norm of an ascent step, over all embeddings of a row"
    )
    start: float = Field(0.1, gt=0, description="approximate norm of the random start")
    radius: float | None = Field(
        None, gt=0, description="largest norm of a perturbation; default: no limit"
    )

    def terms(self, step: "Step", objective: "Objective") -> "Terms":
        from mashbill.models.distill.perturb import embedded, free_lb

        value = free_lb(
            embedded(step.inputs, step.student.bare.get_input_embeddings()),
            lambda inputs: perturbed(step, objective, inputs),
            steps=self.steps,
            step_size=self.step_size,
            start=self.start,
            radius=self.radius,
        )
        return {self.kind: self.weight * value}


Mixing = Annotated[TokenMixup | SentenceMixup | Noise | FreeLB, Field(discriminator="kind")]


def perturbed(step: "Step", objective: "Objective", inputs: dict[str, "Tensor"]) -> "Tensor":
    """The objective's loss on other inputs under the same labels, a scalar."""
    return total(objective, step.rows, step.student.logits(inputs))


def total(objective: "Objective", rows: "Rows", logits: "Tensor") -> "Tensor":
    """The objective's loss for these logits, a scalar; what it watches is not logged."""
    from mashbill.models.distill.watch import Watch

    return sum(objective.terms(rows, logits, Watch()).values())
