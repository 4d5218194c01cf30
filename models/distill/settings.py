"""How a student is trained, apart from what it is trained to do."""

from typing import Literal

from pydantic import Field, StrictStr

from mashbill.models.balance import Balance
from mashbill.models.settings import Section

Precision = Literal["auto", "fp32", "bf16"]
SoftLabelsOf = Literal["row", "source"]


class Training(Section):
    """Attributes:
    steps: of the optimiser; without it, as many as `epochs` passes over the chosen rows take.
    batch_size: rows of a step on one device; `accumulation` such batches make a step.
    warmup: share of the steps over which the learning rate rises.
    evaluate_every: steps between evaluations, each of which saves a checkpoint; by default a
        tenth of all.
    patience: evaluations without gain before training stops; without it, all steps are made.
    best_by: which figure of the validation split chooses the checkpoint that is kept; by default
        accuracy, macro F1 where the classes of the labelled train rows are uneven (the rarest has
        less than a third of an even share), and agreement with the teacher where no row has a gold
        label.
    balance: `weights` multiplies the weight of each row in inverse proportion to the rows of its
        class, gold or, where there is none, the teacher's; `auto` does so where they are uneven.
    dropout: the student's while it is trained; without it, what its configuration has. Soft labels
        regularise by themselves, so less than a teacher needs is often best.
    freeze_embeddings: keeps the table of word vectors as it is, such as the teacher's; most of its
        rows are of words that few texts hold.
    buffer: rows that are shuffled together; memory grows with it and with nothing else.
    report_to: where else the log goes, as transformers names it, such as `tensorboard`.
    """

    steps: int | None = Field(None, ge=1)
    epochs: float = Field(3, gt=0)
    batch_size: int = Field(32, ge=1)
    accumulation: int = Field(1, ge=1)
    learning_rate: float = Field(1e-4, gt=0)
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    warmup: float = Field(0.1, ge=0, lt=1)
    weight_decay: float = Field(0.01, ge=0)
    max_gradient_norm: float = Field(1.0, gt=0)
    precision: Precision = "auto"
    evaluate_every: int | None = Field(None, ge=1)
    patience: int | None = Field(None, ge=1)
    best_by: StrictStr | None = None
    balance: Balance = "auto"
    dropout: float | None = Field(None, ge=0, lt=1)
    freeze_embeddings: bool = False
    buffer: int = Field(16_384, ge=1)
    log_every: int = Field(50, ge=1)
    report_to: tuple[StrictStr, ...] = ()


class DataChoice(Section):
    """Attributes:
    path: the data set, if not the one that the recipe makes.
    rounds: reads only what the first so many rounds have made; by default, all.
    mix: by augmenter, how many times its rows come in a pass; 1 if not named, 0 for never.
    soft_labels: variants are held against what the teacher says of themselves (`row`) or of the
        source example (`source`), which teaches the student to be indifferent to the change; one
        for all, or by augmenter (`row` if not named).
    """

    path: StrictStr | None = None
    rounds: int | None = Field(None, ge=1)
    mix: dict[StrictStr, float] = Field(default_factory=dict)
    soft_labels: SoftLabelsOf | dict[StrictStr, SoftLabelsOf] = "row"
    scores: Literal["logits", "probabilities"] = Field(
        "logits", description="what `teacher_logits` holds, in a data set of others"
    )
