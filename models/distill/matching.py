"""Matching of inner states with a live teacher, beside the objective.

A row that has its source's soft label is left out: the teacher's states of a disturbed text would
teach the student to feel the disturbance that the label tells it to overlook.

In `layers`, 0 is the embeddings' output and i the output of the i-th block.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from mashbill.models.distill.extras import LEARNED, Extra
from mashbill.models.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

    from mashbill.models.distill.objectives import Objective, Terms
    from mashbill.models.distill.step import Step
    from mashbill.models.distill.taps import Tap

LayerMap = dict[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]


class Matching(Extra):
    """Common to both: which layer of the student follows which of the teacher."""

    layers: LayerMap | None = Field(
        None, description="student layer to the teacher layer that it follows"
    )

    @property
    def needs_teacher(self) -> bool:
        return True


class HiddenStates(Matching):
    """The student's token vectors should be the teacher's.

    Jiao et al. 2020, "TinyBERT: Distilling BERT for Natural Language Understanding", equation 8:
    mean squared error, after a learned projection where the student is narrower. By default all
    layers, evenly spread over the teacher's.
    """

    kind: Literal["hidden_states"] = Field(
        "hidden_states", description="the student's token vectors follow the teacher's"
    )

    @property
    def reads_states(self) -> bool:
        return True

    def student_modules(self, student: "PreTrainedModel") -> dict[str, "Module"]:
        return _blocks(student)

    def teacher_modules(self, teacher: "PreTrainedModel") -> dict[str, "Module"]:
        return _blocks(teacher)

    def learned(
        self, student: "PreTrainedModel", teacher: "PreTrainedModel"
    ) -> dict[str, "Module"]:
        from torch.nn import Linear

        pairs = self._pairs(student, teacher)
        narrow, wide = student.config.hidden_size, teacher.config.hidden_size
        if narrow == wide:
            return {}
        return {f"hidden_{layer}": Linear(narrow, wide, bias=False) for layer in pairs}

    def _pairs(self, student: "PreTrainedModel", teacher: "PreTrainedModel") -> LayerMap:
        from mashbill.models.distill.relations import even_layers

        depths = student.config.num_hidden_layers, teacher.config.num_hidden_layers
        return _checked(even_layers(*depths) if self.layers is None else self.layers, 0, *depths)

    def terms(self, step: "Step", objective: "Objective") -> "Terms":
        from mashbill.models.distill.losses import weighted_mean
        from mashbill.models.distill.relations import hidden_distance

        step.student_logits, step.live_logits  # noqa: B018  (the forwards that fill the taps)
        student, mask = step.student.bare, step.inputs["attention_mask"]
        learned = getattr(student, LEARNED, {})
        rows = 0
        pairs = self._pairs(student, step.teacher.model)
        for layer, target in pairs.items():
            state = _state(step.student.tap, layer)
            if f"hidden_{layer}" in learned:
                state = learned[f"hidden_{layer}"](state)
            wanted = _state(step.teacher.tap, target)
            rows = rows + hidden_distance(wanted, state, mask)
        return {self.kind: self.weight * weighted_mean(rows / len(pairs), step.rows.own_weight)}


class Relations(Matching):
    """The student's tokens should attend to each other as the teacher's do.

    Wang et al. 2020, "MiniLM: Deep Self-Attention Distillation", sections 3.1 and 3.2: KL of the
    attention distributions and of the value relations. By default of the last layers alone, as
    there. Widths may differ; where the numbers of heads do, both models' vectors are cut into
    `heads` parts, as in MiniLMv2 (Wang et al. 2021, section 3.1).
    """

    kind: Literal["relations"] = Field(
        "relations", description="the student's attention relations follow the teacher's"
    )
    use: tuple[Literal["attention", "value"], ...] = Field(
        ("attention", "value"),
        min_length=1,
        description="relations to match: of queries and keys (attention), and among values",
    )
    heads: int | None = Field(
        None,
        ge=1,
        description="number of parts that the vectors are cut into; default: the student's heads",
    )

    def student_modules(self, student: "PreTrainedModel") -> dict[str, "Module"]:
        return _projections(student)

    def teacher_modules(self, teacher: "PreTrainedModel") -> dict[str, "Module"]:
        return _projections(teacher)

    def learned(
        self, student: "PreTrainedModel", teacher: "PreTrainedModel"
    ) -> dict[str, "Module"]:
        self._pairs(student, teacher)
        heads = self._heads(student)
        for role, model in (("student", student), ("teacher", teacher)):
            if model.config.hidden_size % heads:
                raise ModelError(
                    f"matching.heads: {heads} does not divide the {role}'s width, "
                    f"{model.config.hidden_size}"
                )
        return {}

    def _pairs(self, student: "PreTrainedModel", teacher: "PreTrainedModel") -> LayerMap:
        depths = student.config.num_hidden_layers, teacher.config.num_hidden_layers
        return _checked(dict([depths]) if self.layers is None else self.layers, 1, *depths)

    def _heads(self, student: "PreTrainedModel") -> int:
        return self.heads or student.config.num_attention_heads

    def terms(self, step: "Step", objective: "Objective") -> "Terms":
        from mashbill.models.distill.losses import weighted_mean
        from mashbill.models.distill.relations import relation, relation_distance

        step.student_logits, step.live_logits  # noqa: B018
        student, mask = step.student.bare, step.inputs["attention_mask"]
        heads = self._heads(student)
        kinds = {"attention": ("query", "key"), "value": ("value", "value")}
        pairs = self._pairs(student, step.teacher.model)
        rows = 0
        for layer, target in pairs.items():
            for left, right in (kinds[use] for use in self.use):
                found, wanted = (
                    relation(
                        tap.outputs[f"{left}.{at}"],
                        tap.outputs[f"{right}.{at}"],
                        heads,
                        mask,
                    )
                    for tap, at in ((step.student.tap, layer), (step.teacher.tap, target))
                )
                rows = rows + relation_distance(wanted, found, mask)
        return {self.kind: self.weight * weighted_mean(rows / len(pairs), step.rows.own_weight)}


AnyMatching = Annotated[HiddenStates | Relations, Field(discriminator="kind")]


def _blocks(model: "PreTrainedModel") -> dict[str, "Module"]:
    from mashbill.models.distill.taps import encoder_layers

    return {f"block.{i}": layer for i, layer in enumerate(encoder_layers(model), 1)}


def _state(tap: "Tap", layer: int) -> "Tensor":
    return tap.outputs[f"block.{layer}"] if layer else tap.inputs["block.1"]


def _projections(model: "PreTrainedModel") -> dict[str, "Module"]:
    from mashbill.models.distill.taps import ATTENTION_PARTS, attention_part, encoder_layers

    return {
        f"{part}.{i}": attention_part(layer, part)
        for i, layer in enumerate(encoder_layers(model), 1)
        for part in ATTENTION_PARTS
    }


def _checked(layers: LayerMap, first: int, student_depth: int, teacher_depth: int) -> LayerMap:
    for role, depth, named in (
        ("student", student_depth, layers.keys()),
        ("teacher", teacher_depth, layers.values()),
    ):
        for layer in named:
            if not first <= layer <= depth:
                raise ModelError(
                    f"matching.layers: layer {layer}: the {role} has layers {first} to {depth}"
                )
    return layers
