"""How a student is trained, apart from what it is trained to do."""

from typing import Literal

from pydantic import Field, StrictStr

from mashbill.models.balance import Balance
from mashbill.models.settings import Section

Precision = Literal["auto", "fp32", "bf16"]


class Training(Section):
    """Steps, batches, learning rate, and what chooses the weights that are kept."""

    steps: int | None = Field(
        None,
        ge=1,
        description="optimiser steps; default: as many as `epochs` passes need",
    )
    epochs: float = Field(3, gt=0, description="passes over the chosen rows, if `steps` is not set")
    batch_size: int = Field(32, ge=1, description="rows per step and device")
    accumulation: int = Field(1, ge=1, description="batches whose gradients are summed in a step")
    learning_rate: float = Field(
        1e-4, gt=0, description="peak learning rate, reached after the warmup"
    )
    schedule: Literal["linear", "cosine", "constant"] = Field(
        "linear", description="how the learning rate decays after the warmup"
    )
    warmup: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="share of the steps in which the learning rate rises to its peak",
    )
    weight_decay: float = Field(0.01, ge=0, description="weight decay of AdamW")
    max_gradient_norm: float = Field(
        1.0, gt=0, description="norm to which longer gradients are clipped"
    )
    precision: Precision = Field(
        "auto",
        description="precision of matrix products; `auto` is bf16 if the hardware supports it",
    )
    evaluate_every: int | None = Field(
        None,
        ge=1,
        description="steps between evaluations, each of which saves a checkpoint; default: a "
        "tenth of all steps",
    )
    patience: int | None = Field(
        None,
        ge=1,
        description="evaluations without improvement before training stops; default: never "
        "stop early",
    )
    best_by: StrictStr | None = Field(
        None,
        description="validation figure that chooses the checkpoint; default: the task's main "
        "figure, macro_f1 if the classes of the labelled train rows are uneven, "
        "agreement with the teacher if no row has a gold label",
    )
    choose_under: tuple[StrictStr, ...] = Field(
        (),
        description="suites of noise, at their last level; the checkpoint is chosen by the mean of "
        "the clean validation figure and its mean under these",
    )
    average: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="decay of an exponential moving average of the weights, such as 0.999, which "
        "is evaluated and kept in their place; default: none",
    )
    balance: Balance = Field(
        "auto",
        description="`weights` weighs each row in inverse proportion to the size of its "
        "class (gold label, or else the teacher's); `auto` does so if the rarest "
        "class has less than a third of an even share",
    )
    dropout: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="the student's dropout in training; default: as in its configuration. "
        "Soft labels regularise, so a student often needs less dropout than a "
        "teacher",
    )
    freeze_embeddings: bool = Field(
        False,
        description="do not train the word embeddings, most of which occur in few texts",
    )
    buffer: int = Field(
        16_384,
        ge=1,
        description="rows in the shuffle buffer, which decides how much memory reading takes",
    )
    workers: int | None = Field(
        None,
        ge=0,
        description="processes that read, augment and tokenise ahead of the training, beside the "
        "thread that always does; default: up to 4 beside a GPU if there are texts to make or to "
        "tokenise, else none",
    )
    log_every: int = Field(50, ge=1, description="steps between log lines")
    report_to: tuple[StrictStr, ...] = Field(
        (), description="further logs, by transformers' names, such as `tensorboard`"
    )
