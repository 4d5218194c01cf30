"""How a student is trained, apart from what it is trained to do."""

from typing import Literal

from pydantic import Field, StrictStr

from mashbill.models.balance import Balance
from mashbill.models.settings import Section

Precision = Literal["auto", "fp32", "bf16"]
SoftLabelsOf = Literal["row", "source"]


class Training(Section):
    """Steps, batches, learning rate, and what chooses the weights that are kept."""

    steps: int | None = Field(
        None,
        ge=1,
        description="of the optimiser; by default, as many as `epochs` passes over the rows take",
    )
    epochs: float = Field(
        3, gt=0, description="passes over the chosen rows, where `steps` is not set"
    )
    batch_size: int = Field(32, ge=1, description="rows of a step on one device")
    accumulation: int = Field(1, ge=1, description="batches that make a step")
    learning_rate: float = Field(1e-4, gt=0, description="its highest value, after the warmup")
    schedule: Literal["linear", "cosine", "constant"] = Field(
        "linear", description="how the learning rate falls after the warmup"
    )
    warmup: float = Field(
        0.1, ge=0, lt=1, description="share of the steps over which the learning rate rises"
    )
    weight_decay: float = Field(0.01, ge=0, description="of AdamW")
    max_gradient_norm: float = Field(1.0, gt=0, description="longer gradients are shortened to it")
    precision: Precision = Field(
        "auto", description="of the products; `auto` is bf16 where the hardware has it"
    )
    evaluate_every: int | None = Field(
        None,
        ge=1,
        description="steps between evaluations, each of which saves a checkpoint; by default a "
        "tenth "
        "of all",
    )
    patience: int | None = Field(
        None,
        ge=1,
        description="evaluations without gain before training stops; without it, all steps are "
        "made",
    )
    best_by: StrictStr | None = Field(
        None,
        description="validation figure that chooses the checkpoint; by default the task's first, "
        "macro_f1 where the classes of the labelled train rows are uneven, and agreement "
        "with the teacher where no row has a gold label",
    )
    balance: Balance = Field(
        "auto",
        description="weights: rows count in inverse proportion to the rows of their class, gold or "
        "else the teacher's; auto: where the rarest class has less than a third of an "
        "even share",
    )
    dropout: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="the student's while it is trained; by default what its configuration has. "
        "Soft "
        "labels regularise by themselves, so less than a teacher needs is often best",
    )
    freeze_embeddings: bool = Field(
        False,
        description="keeps the table of word vectors as it is; most of its rows are of words that "
        "few "
        "texts hold",
    )
    buffer: int = Field(
        16_384,
        ge=1,
        description="rows that are shuffled together; memory grows with it and with nothing else",
    )
    log_every: int = Field(50, ge=1, description="steps between lines of the log")
    report_to: tuple[StrictStr, ...] = Field(
        (), description="where else the log goes, as transformers names it, such as `tensorboard`"
    )


class DataChoice(Section):
    """Which rows a pass takes, and which soft labels they have."""

    path: StrictStr | None = Field(
        None, description="the data set, if not the one that the recipe makes"
    )
    rounds: int | None = Field(
        None,
        ge=1,
        description="reads only what the first so many rounds have made; by default, all",
    )
    mix: dict[StrictStr, float] = Field(
        default_factory=dict,
        description="by augmenter, how many times its rows come in a pass; 1 if not named, 0 for "
        "never",
    )
    soft_labels: SoftLabelsOf | dict[StrictStr, SoftLabelsOf] = Field(
        "row",
        description="whether variants are held against what the teacher says of themselves (`row`) "
        "or "
        "of the source example (`source`), which teaches the student to be indifferent to "
        "the change; one for all, or by augmenter (`row` if not named)",
    )
    scores: Literal["logits", "probabilities"] = Field(
        "logits", description="what `teacher_logits` holds, in a data set of others"
    )
