"""How a masked language model is adapted to the corpus."""

from pydantic import Field

from mashbill.models.settings import Path, Section


class MaskedLanguageModel(Section):
    model: Path = Field(description="folder of the adapted model")
    base: Path = Field(
        description="masked language model or encoder to start from: a folder, or `hf://NAME`"
    )
    epochs: int = Field(2, ge=1, description="passes over the train texts")
    learning_rate: float = Field(
        5e-4, gt=0, description="peak learning rate, reached after the warmup"
    )
    batch_size: int = Field(64, ge=1, description="texts per step")
    mask: float = Field(0.15, gt=0, lt=1, description="share of the words that are masked")
    max_length: int = Field(128, ge=4, description="largest number of tokens of a text")
    condition_on_label: bool = Field(
        False,
        description="give the model the gold label of each text, in training and when it fills",
    )
