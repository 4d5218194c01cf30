"""What labels the texts, one model or several, and how it is trained."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, StrictStr, Tag, field_validator, model_validator

from mashbill.models.balance import Balance
from mashbill.models.endpoint_settings import Endpoint, without_fetching
from mashbill.models.prompting import check_prompt
from mashbill.models.references import ModelRef
from mashbill.models.settings import Mean, Path, Section
from mashbill.models.teachers import Hypotheses, TeacherSpec, Words
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


class Labeller(Section):
    """Common to all kinds of teachers."""

    asks_in_words: ClassVar[bool] = False  # was not trained on the labels, and is no classifier

    max_length: int = Field(
        128, ge=4, description="largest number of tokens of a text, or of one of its windows"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="precision of the model; `auto` is bf16 if the hardware supports it"
    )

    @property
    def members(self) -> tuple[str, ...]:
        """The models; students start from the first."""
        raise NotImplementedError

    @property
    def mean(self) -> Mean:
        """What is averaged over the members."""
        return "logits"

    @property
    def folds(self) -> int | None:
        """Parts of the train split, each of which one member has not seen; None for none."""
        return None

    @property
    def together(self) -> dict[str, Any]:
        """How several members answer as one."""
        return {"mean": self.mean, "folds": self.folds}

    def needs(self) -> list[ModelRef]:
        return [ModelRef(member, "classifier") for member in self.members]

    def endpoints(self) -> list[Endpoint]:
        """The servers that are asked."""
        return []

    def spec(self, labels: Sequence[str]) -> TeacherSpec:
        """What is needed to load it, in a task with these labels."""
        del labels
        how = (self.max_length, self.precision, self.windows, self.mean, self.folds)
        return TeacherSpec(self.members, *how)

    def settings(self) -> dict[str, Any]:
        """What the labels depend on; a single classifier has no kind, as it had none once."""
        kind = {"kind"} if self.kind == "classifier" else set()
        return without_fetching(self.model_dump(mode="json", exclude={"train"} | kind))


class Trainable(Labeller):
    """Those that are classifiers over the labels."""

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


class Teacher(Trainable):
    """One model."""

    kind: Literal["classifier"] = Field("classifier", description="one model")
    model: Path = Field(description="classifier that labels the texts: a folder, or `hf://NAME`")

    @property
    def members(self) -> tuple[str, ...]:
        return (self.model,)


class EnsembleTeacher(Trainable):
    """Several models, whose scores are averaged."""

    kind: Literal["ensemble"] = Field(description="the mean of several models")
    of: tuple[Path, ...] = Field(
        min_length=2,
        description="classifiers, folders or `hf://NAME`; `train-teacher` gives each another seed",
    )
    average: Mean = Field(
        "logits", description="what is averaged; `probabilities` in a task of one class per text"
    )

    @field_validator("of")
    @classmethod
    def _differ(cls, of: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(of)) < len(of):
            raise ValueError("names a model twice")
        return of

    @property
    def members(self) -> tuple[str, ...]:
        return self.of

    @property
    def mean(self) -> Mean:
        return self.average

    @property
    def model(self) -> str:
        """The first, which students start from."""
        return self.of[0]


class CrossFittedTeacher(Trainable):
    """Several models, each trained without a part of the train split, which it answers for."""

    kind: Literal["cross_fitted"] = Field(
        description="several models; each labelled train row is answered by one that was trained "
        "without it, every other row by the mean of all",
    )
    folder: Path = Field(
        description="where the models are, each in a folder named by its number from 1"
    )
    parts: int = Field(
        4, ge=2, le=100, description="parts of the train split, each left out by one model"
    )

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(f"{self.folder}/{number}" for number in range(1, self.parts + 1))

    @property
    def folds(self) -> int:
        return self.parts

    @property
    def model(self) -> str:
        """The first, which students start from."""
        return self.members[0]


class Untrained(Labeller):
    """Those that are asked in words, and know nothing of the labels but their names."""

    asks_in_words: ClassVar[bool] = True
    windows: ClassVar[Windows | None] = None
    train: ClassVar[TeacherTraining | None] = None

    model: Path = Field(description="a folder, or `hf://NAME`")

    @property
    def members(self) -> tuple[str, ...]:
        return (self.model,)


class EntailmentTeacher(Untrained):
    """A model of entailment: how far each text entails a sentence about each label."""

    kind: Literal["entailment"] = Field(description="a model of entailment (NLI)")
    model: Path = Field(description="classifier of entailment: a folder, or `hf://NAME`")
    hypothesis: StrictStr = Field(
        "This example is {}.", description="sentence of each label; `{}` stands for its name"
    )
    names: dict[StrictStr, StrictStr] = Field(
        default_factory=dict,
        description="what the labels are called in the sentence; by default what they are called",
    )

    @field_validator("hypothesis")
    @classmethod
    def _has_room(cls, hypothesis: str) -> str:
        if hypothesis.count("{}") != 1:
            raise ValueError("must have {} once, where the label's name goes")
        return hypothesis

    def needs(self) -> list[ModelRef]:
        return [ModelRef(self.model, "entailment")]

    def spec(self, labels: Sequence[str]) -> TeacherSpec:
        sentences = (self.hypothesis.replace("{}", self.names.get(one, one)) for one in labels)
        return super().spec(labels)._replace(asks=Hypotheses(tuple(sentences)))


class LanguageModelTeacher(Untrained):
    """A causal language model: how likely each label's names are to follow a prompt."""

    kind: Literal["language_model"] = Field(description="a causal model")
    model: Path | None = Field(
        None, description="causal language model: a folder, `hf://NAME`, or a GGUF file"
    )
    endpoint: Endpoint | None = Field(
        None, description="a model of a server instead, which has to tell `logprobs`"
    )
    prompt: StrictStr = Field(
        description="Jinja2 template that knows `text`; what follows it is the label's name"
    )
    names: dict[StrictStr, tuple[StrictStr, ...]] = Field(
        default_factory=dict,
        description="words for each label, as likely as all together; by default its own name",
    )
    before: StrictStr = Field(
        " ", description="what stands between the prompt and a name; of no account with an endpoint"
    )
    calibrate: bool = Field(
        True, description="divide by what the model says of texts without content"
    )

    @field_validator("prompt")
    @classmethod
    def _is_a_template(cls, prompt: str) -> str:
        return check_prompt(prompt, text="text")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.model is None) == (self.endpoint is None):
            raise ValueError("give either `model` or `endpoint`")
        return self

    @property
    def members(self) -> tuple[str, ...]:
        return () if self.model is None else (self.model,)

    def needs(self) -> list[ModelRef]:
        return [ModelRef(member, "writer") for member in self.members]

    def endpoints(self) -> list[Endpoint]:
        return [] if self.endpoint is None else [self.endpoint]

    def spec(self, labels: Sequence[str]) -> TeacherSpec:
        names = tuple(
            tuple(self.before + name for name in self.names.get(label, (label,)))
            for label in labels
        )
        words = Words(self.prompt, names, self.calibrate, self.endpoint)
        return super().spec(labels)._replace(asks=words)


def _kind(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return value.get("kind", "classifier")
    return getattr(value, "kind", None)


AnyTeacher = Annotated[
    Annotated[Teacher, Tag("classifier")]
    | Annotated[EnsembleTeacher, Tag("ensemble")]
    | Annotated[CrossFittedTeacher, Tag("cross_fitted")]
    | Annotated[EntailmentTeacher, Tag("entailment")]
    | Annotated[LanguageModelTeacher, Tag("language_model")],
    Discriminator(_kind),
]
