"""Where a student comes from: layers of its teacher, a fresh network, or a checkpoint."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mashbill.models.distill.surgery import Size, of_size, with_layers
from mashbill.models.errors import ModelError
from mashbill.models.head import class_names, has_head, head_rows, load_with_head, output_layer
from mashbill.models.loading import load_tokenizer, read_config
from mashbill.models.padding import follow_pad_token
from mashbill.models.quiet import quiet_transformers
from mashbill.models.settings import Section
from mashbill.models.tasks.base import Task

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Shared(Section):
    """What every kind of student can be told."""

    vocabulary: Literal["full", "corpus"] = Field(
        "full",
        description="pieces that the student knows: `full`, all of its tokenizer; `corpus`, "
        "those that the train rows need, every single character, and the special tokens",
    )


class FromTeacher(Shared):
    """Embeddings, head and some layers are copied."""

    from_: Literal["teacher"] = Field("teacher", alias="from", description="layers of the teacher")
    layers: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(
        None,
        min_length=1,
        description="layers to copy, counted from 0, in this order; default: all",
    )

    @property
    def uses_teacher(self) -> bool:
        return True

    def has_head(self, task: Task) -> bool:
        """Whether the last layer answers in the task's units before any training."""
        return True

    def build(self, teacher: str, task: Task) -> "PreTrainedModel":
        model = load_with_head(teacher, task, head_rows(teacher, task))
        return model if self.layers is None else with_layers(model, self.layers, task.auto_class)


class FromConfig(Shared):
    """The teacher's architecture in another size, with random weights and its tokenizer."""

    from_: Literal["config"] = Field(
        alias="from", description="the teacher's architecture in another size, without its weights"
    )
    depth: int = Field(ge=1, description="number of transformer blocks")
    width: int = Field(ge=1, description="size of a token's vector; a multiple of `heads`")
    heads: int = Field(ge=1, description="number of attention heads in a block")
    hidden_act: Literal["gelu", "gelu_new", "relu", "silu"] | None = Field(
        None, description="activation function of a block; default: the teacher's"
    )

    @property
    def uses_teacher(self) -> bool:
        return True

    def has_head(self, task: Task) -> bool:
        return False

    def build(self, teacher: str, task: Task) -> "PreTrainedModel":
        if self.width % self.heads:
            raise ModelError(
                f"distill.student: width {self.width} is not a multiple of heads {self.heads}"
            )
        size = Size(self.depth, self.width, self.heads, self.hidden_act)
        return of_size(_config(teacher, task.labels), size, task.auto_class)


class FromCheckpoint(Shared):
    """A model of its own with its own tokenizer; without a head it gets one at random."""

    from_: Literal["checkpoint"] = Field(alias="from", description="a checkpoint")
    model: str = Field(description="folder of the checkpoint, or `hf://NAME`")
    head: Literal["keep", "new"] = Field(
        "keep",
        description="`keep` the checkpoint's classification head, which must have the "
        "recipe's labels in any order; or replace it by a `new` one",
    )

    @property
    def uses_teacher(self) -> bool:
        return False

    def has_head(self, task: Task) -> bool:
        config = read_config(self.model)
        kept = self.head == "keep" and has_head(config, task)
        return kept and config.get("problem_type") == task.problem_type

    def build(self, teacher: str, task: Task) -> "PreTrainedModel":
        if self.head == "new":
            return load_with_head(self.model, task, None)
        try:
            rows = head_rows(self.model, task)
        except ModelError as error:
            raise ModelError(f"distill.student: {error}; `head: new` replaces the head") from None
        return load_with_head(self.model, task, rows)


Student = Annotated[FromTeacher | FromConfig | FromCheckpoint, Field(discriminator="from_")]


def build_student(
    student: FromTeacher | FromConfig | FromCheckpoint, teacher: str, task: Task
) -> tuple["PreTrainedModel", Any]:
    """A trainable model for the task, in the units of the training, and its tokenizer.

    Fresh weights are drawn from torch's global generator.

    Raises:
        ModelError: the teacher or checkpoint cannot serve, or a setting does not fit it.
    """
    with quiet_transformers():
        model = student.build(teacher, task)
    for name, value in class_names(task.labels).items():
        setattr(model.config, name, value)
    model.config.problem_type = task.problem_type
    if task.rescales and student.has_head(task):
        task.unfold(output_layer(model))
    tokenizer = load_tokenizer(student.model if isinstance(student, FromCheckpoint) else teacher)
    follow_pad_token(model.config, tokenizer)
    return model.requires_grad_(True), tokenizer


def _config(teacher: str, labels: tuple[str, ...]) -> Any:
    from transformers import AutoConfig

    from mashbill.models.loading import model_folder, read_config

    read_config(teacher)  # the library would build all that it asks for
    return AutoConfig.from_pretrained(
        model_folder(teacher), local_files_only=True, **class_names(labels)
    )
