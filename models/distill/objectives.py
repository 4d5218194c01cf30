"""What the student is trained to do: a discriminated union on `kind`, as in a recipe.

Torch is imported by the methods, so that a recipe can be read without it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, StrictStr

from mashbill.models.distill.kd import Distillation
from mashbill.models.distill.selective import HardestVariants, PseudoLabels

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from mashbill.models.distill.adversary import Adversary, Assistant


class Adversarial(Distillation):
    """`adv`: `kd`, and the soft term again on texts that an assistant wrote against the student.

    Rashid, Lioutas and Rezagholizadeh 2021, "MATE-KD: Masked Adversarial TExt, a Companion to
    Knowledge Distillation", section 3; see `adversary`. A live teacher labels these texts.
    """

    kind: Literal["adv"] = Field(
        "adv", description="`kd`, and texts that an assistant writes against the student"
    )
    assistant: StrictStr = Field(
        min_length=1,
        description="masked language model that the assistant starts from: a folder, or "
        "`hf://NAME`",
    )
    replace: float = Field(
        0.3, gt=0, le=1, description="share of the ordinary tokens that the assistant replaces"
    )
    gumbel_temperature: float = Field(
        1.0, gt=0, description="temperature of the Gumbel softmax through which its gradient flows"
    )
    assistant_steps: int = Field(
        10, ge=0, description="assistant's steps in each round of the game"
    )
    student_steps: int = Field(100, ge=1, description="student's steps in each round of the game")
    assistant_learning_rate: float = Field(
        5e-5, gt=0, description="learning rate of the assistant (AdamW, constant)"
    )
    adversarial_weight: float = Field(
        1.0, ge=0, description="weight of the loss on the assistant's texts"
    )
    needs_teacher: ClassVar[bool] = True

    def adversary(self, tokenizers: "Mapping[str, PreTrainedTokenizerFast]") -> "Adversary":
        """The assistant, ready to play.

        Raises:
            ModelError: `assistant` is no masked LM, or its vocabulary is not that of the others.
        """
        from mashbill.models.distill.adversary import Adversary, check_vocabularies
        from mashbill.models.loading import load_tokenizer

        assistant = self.load_assistant()
        check_vocabularies({"the assistant": load_tokenizer(self.assistant), **tokenizers})
        return Adversary(
            assistant,
            learning_rate=self.assistant_learning_rate,
            assistant_steps=self.assistant_steps,
            student_steps=self.student_steps,
            weight=self.adversarial_weight,
        )

    def load_assistant(self) -> "Assistant":
        """The masked LM as it is before the game; raises ModelError if `assistant` is none."""
        from transformers import AutoModelForMaskedLM

        from mashbill.models.checks import check_masked_lm
        from mashbill.models.distill.adversary import Assistant
        from mashbill.models.loading import load_model, load_tokenizer

        check_masked_lm(self.assistant)
        model = load_model(self.assistant, AutoModelForMaskedLM)
        tokenizer = load_tokenizer(self.assistant)
        how_far = self._task.divergence_rows
        return Assistant(model, tokenizer, self.replace, self.gumbel_temperature, how_far)


Objective = Annotated[
    Distillation | PseudoLabels | HardestVariants | Adversarial, Field(discriminator="kind")
]
