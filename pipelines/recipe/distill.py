"""How the student is made, and the assistant that later rounds use."""

from pydantic import Field, model_validator

from mashbill.models.distill.matching import AnyMatching
from mashbill.models.distill.mixing import Mixing
from mashbill.models.distill.objectives import Adversarial, Distillation, Objective
from mashbill.models.distill.settings import Training
from mashbill.models.distill.student import FromTeacher, Student
from mashbill.models.settings import Path, Section
from mashbill.pipelines.recipe.data import DataChoice

NEEDS_ALL = "an assistant writes pieces that the student would not know; use full"


class Distill(Section):
    """How the student is made, from the data set that the recipe makes or another one."""

    model: Path = Field(description="folder of the student")
    data: DataChoice = Field(DataChoice(), description="what the student learns from")
    student: Student = Field(
        FromTeacher(), description="architecture and first weights of the student"
    )
    objective: Objective = Field(Distillation(), description="what the student is trained on")
    mixing: tuple[Mixing, ...] = Field(
        (), description="further terms of the loss, on mixed or perturbed vectors"
    )
    matching: tuple[AnyMatching, ...] = Field(
        (), description="further terms of the loss, on hidden states of a live teacher"
    )
    training: Training = Field(Training(), description="settings of the training")
    onnx: bool = Field(
        False, description="also export the student for ONNX Runtime; needs the extra `onnx`"
    )

    @model_validator(mode="after")
    def _assistant_knows_all_pieces(self):
        if isinstance(self.objective, Adversarial) and self.student.vocabulary != "full":
            raise ValueError(f"student.vocabulary: corpus: {NEEDS_ALL}")
        return self

    @model_validator(mode="after")
    def _teacher_reads_fresh_variants_whole(self):
        if self.data.fresh and self.data.fresh.live and self.student.vocabulary != "full":
            raise ValueError(
                "student.vocabulary: corpus: a live teacher would read fresh variants in other "
                "pieces than it knows; use full, or data.fresh.soft_labels: source"
            )
        return self


class Assistant(Section):
    """How the assistant is trained, and what a round makes with it; see `Adversarial`."""

    model: Path = Field(
        description="folder of the assistant, a masked language model; later rounds append "
        "their number"
    )
    base: Path = Field(description="masked language model to start from: a folder, or `hf://NAME`")
    student: Student | None = Field(
        None, description="student that it is trained against; default: as in `distill`"
    )
    steps: int = Field(500, ge=1, description="steps of the student that it is trained against")
    replace: float = Field(
        0.3, gt=0, le=1, description="share of the ordinary tokens that it replaces in training"
    )
    gumbel_temperature: float = Field(
        1.0, gt=0, description="temperature of the Gumbel softmax through which its gradient flows"
    )
    assistant_steps: int = Field(10, ge=1, description="assistant's steps in each turn")
    student_steps: int = Field(100, ge=1, description="student's steps in each turn")
    learning_rate: float = Field(
        5e-5, gt=0, description="learning rate of the assistant (AdamW, constant)"
    )
    copies: int = Field(2, ge=1, le=1000, description="variants of each source that a round adds")
    rate: float = Field(
        0.15, gt=0, le=1, description="share of the words that it replaces in these variants"
    )

    @model_validator(mode="after")
    def _knows_all_pieces(self):
        if self.student is not None and self.student.vocabulary != "full":
            raise ValueError(f"student.vocabulary: corpus: {NEEDS_ALL}")
        return self

    def objective(self) -> Adversarial:
        shared = ("replace", "gumbel_temperature", "assistant_steps", "student_steps")
        return Adversarial(
            assistant=self.base,
            assistant_learning_rate=self.learning_rate,
            **self.model_dump(include=set(shared)),
        )
