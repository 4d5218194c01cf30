"""Where a student comes from: layers of its teacher, a fresh network, or a checkpoint."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mashbill.models.errors import ModelError
from mashbill.models.loading import (
    check_labels,
    config_labels,
    load_model,
    load_tokenizer,
    quiet_transformers,
    read_config,
)
from mashbill.models.padding import follow_pad_token
from mashbill.models.settings import Section
from mashbill.models.tasks.base import Task

if TYPE_CHECKING:
    from transformers import PreTrainedModel

HEAD = r"classifier|pre_classifier|score|head|.*pooler"  # weights that a checkpoint need not have
# What architectures call a setting; the first that a configuration has is meant.
FIELDS = {
    "depth": ("num_hidden_layers",),
    "width": ("hidden_size",),
    "heads": ("num_attention_heads",),
    "hidden_act": ("hidden_act", "activation"),
    "inner": ("intermediate_size", "hidden_dim"),
}


class FromTeacher(Section):
    """Embeddings, head and some layers are copied; `layers` counts from 0, all without it."""

    from_: Literal["teacher"] = Field("teacher", alias="from")
    layers: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(None, min_length=1)

    @property
    def uses_teacher(self) -> bool:
        return True

    def has_head(self, task: Task) -> bool:
        """Whether the last layer answers in the task's units before any training."""
        return True

    def build(self, teacher: str, labels: tuple[str, ...]) -> "PreTrainedModel":
        from transformers import AutoModelForSequenceClassification

        model = load_model(teacher, AutoModelForSequenceClassification)
        if self.layers is not None:
            _keep_layers(model, teacher, self.layers)
        return model


class FromConfig(Section):
    """The teacher's architecture in another size, with random weights and its tokenizer."""

    from_: Literal["config"] = Field(alias="from")
    depth: int = Field(ge=1)
    width: int = Field(ge=1)
    heads: int = Field(ge=1)
    hidden_act: Literal["gelu", "gelu_new", "relu", "silu"] = "gelu"

    @property
    def uses_teacher(self) -> bool:
        return True

    def has_head(self, task: Task) -> bool:
        return False

    def build(self, teacher: str, labels: tuple[str, ...]) -> "PreTrainedModel":
        from transformers import AutoModelForSequenceClassification

        if self.width % self.heads:
            raise ModelError(
                f"distill.student: width {self.width} is no multiple of the {self.heads} heads"
            )
        config = _config(teacher)
        for name in ("depth", "width", "heads", "hidden_act"):
            _set(config, name, getattr(self, name))
        _set(config, "inner", 4 * self.width)
        if getattr(config, "embedding_size", None) is not None:
            config.embedding_size = self.width
        return AutoModelForSequenceClassification.from_config(config, dtype="float32")


class FromCheckpoint(Section):
    """A model of its own with its own tokenizer; without a head it gets one at random."""

    from_: Literal["checkpoint"] = Field(alias="from")
    model: str

    @property
    def uses_teacher(self) -> bool:
        return False

    def has_head(self, task: Task) -> bool:
        config = read_config(self.model)
        names = config.get("architectures") or ()
        is_classifier = any(name.endswith("ForSequenceClassification") for name in names)
        return is_classifier and config.get("problem_type") == task.problem_type

    def build(self, teacher: str, labels: tuple[str, ...]) -> "PreTrainedModel":
        from transformers import AutoModelForSequenceClassification

        return load_model(
            self.model,
            AutoModelForSequenceClassification,
            optional=HEAD,
            id2label=dict(enumerate(labels)),
            label2id={name: i for i, name in enumerate(labels)},
            ignore_mismatched_sizes=True,
        )


Student = Annotated[FromTeacher | FromConfig | FromCheckpoint, Field(discriminator="from_")]


def build_student(
    student: FromTeacher | FromConfig | FromCheckpoint, teacher: str, task: Task
) -> tuple["PreTrainedModel", Any]:
    """A trainable model for the task, in the units of the training, and its tokenizer.

    Fresh weights are drawn from torch's global generator.

    Raises:
        ModelError: the teacher or checkpoint cannot serve, or a setting does not fit it.
    """
    labels = task.labels
    with quiet_transformers():
        model = student.build(teacher, labels)
    check_labels(teacher, config_labels({"id2label": model.config.id2label}), labels)
    model.config.id2label = dict(enumerate(labels))
    model.config.label2id = {name: i for i, name in enumerate(labels)}
    model.config.problem_type = task.problem_type
    if task.rescales and student.has_head(task):
        from mashbill.models.distill.taps import output_layer

        task.unfold(output_layer(model))
    tokenizer = load_tokenizer(student.model if isinstance(student, FromCheckpoint) else teacher)
    follow_pad_token(model.config, tokenizer)
    return model.requires_grad_(True), tokenizer


def _keep_layers(model: "PreTrainedModel", name: str, layers: tuple[int, ...]) -> None:
    """Leaves only these layers, in this order, in place."""
    import torch

    depth = model.config.num_hidden_layers
    if bad := [layer for layer in layers if layer >= depth]:
        raise ModelError(
            f"distill.student.layers: {bad[0]} is no layer of {name}, which has 0 to {depth - 1}"
        )
    found = [
        (parent, key)
        for parent in model.modules()
        for key, child in parent.named_children()
        if isinstance(child, torch.nn.ModuleList) and len(child) == depth
    ]
    if len(found) != 1:
        raise ModelError(f"{name}: cannot tell which of its modules are the {depth} layers")
    parent, key = found[0]
    stack = getattr(parent, key)
    setattr(parent, key, torch.nn.ModuleList([stack[layer] for layer in layers]))
    model.config.num_hidden_layers = len(layers)


def _config(teacher: str) -> Any:
    from transformers import AutoConfig

    from mashbill.models.loading import model_folder

    return AutoConfig.from_pretrained(model_folder(teacher), local_files_only=True)


def _set(config: Any, name: str, value: Any) -> None:
    for field in FIELDS[name]:
        if hasattr(config, field):
            setattr(config, field, value)
            return
    raise ModelError(f"distill.student: a {config.model_type} model has no setting for {name}")
