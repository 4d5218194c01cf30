"""The classifier that labels the texts, and how it is trained."""

from typing import Literal

from pydantic import Field, StrictStr

from mashbill.models.balance import Balance
from mashbill.models.references import ModelRef
from mashbill.models.settings import Path, Section
from mashbill.models.windows import Windows


class TeacherTraining(Section):
    base: Path = Field(description="pretrained model to start from: a folder, or `hf://NAME`")
    epochs: int = Field(3, ge=1, description="passes over the labelled train rows")
    learning_rate: float = Field(
        5e-5, gt=0, description="peak learning rate, reached after the warmup"
    )
    batch_size: int = Field(32, ge=1, description="rows per step")
    patience: int = Field(
        2, ge=1, description="evaluations without improvement before training stops"
    )
    best_by: StrictStr | None = Field(
        None,
        description="validation figure that chooses the epoch; default: accuracy, or "
        "macro_f1 if the rarest class has less than a third of an even share",
    )
    balance: Balance = Field(
        "auto",
        description="`weights` weighs each row in inverse proportion to the size of its "
        "class; `auto` does so if the classes are that uneven",
    )


class Teacher(Section):
    model: Path = Field(description="classifier that labels the texts: a folder, or `hf://NAME`")
    max_length: int = Field(
        128, ge=4, description="largest number of tokens of a text, or of one of its windows"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="precision of the model; `auto` is bf16 if the hardware supports it"
    )
    windows: Windows | None = Field(
        None,
        description="read a text that is longer than max_length in several windows, the "
        "student too; both are trained on its beginning",
    )
    train: TeacherTraining | None = Field(
        None,
        description="how `train-teacher` trains the teacher; without this section the model "
        "must exist",
    )

    def needs(self) -> list[ModelRef]:
        return [ModelRef(self.model, "classifier")]
