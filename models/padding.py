"""Which token fills up the short rows of a batch: the tokenizer and the model agree on one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mashbill.models.errors import ModelError

# Descendants of RoBERTa: beside these, every model_type that has its name in it.
COUNT_FROM_PADDING = (
    "camembert", "data2vec-text", "esm", "ibert", "layoutlmv3", "lilt", "longformer", "luke",
    "markuplm", "mpnet", "xmod",
)  # fmt: skip

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def set_pad_token(
    tokenizer: "PreTrainedTokenizerFast", config: Mapping[str, Any], model: str
) -> None:
    """Gives a tokenizer without a padding token that of the model, or the end-of-text token.

    Args:
        config: what the model's config.json holds.
        model: what to call it in an error.

    Raises ModelError if there is neither.
    """
    if tokenizer.pad_token_id is not None:
        return
    wanted = (config.get("pad_token_id"), tokenizer.eos_token_id, config.get("eos_token_id"))
    for number in wanted:
        if isinstance(number, int) and 0 <= number < len(tokenizer):
            tokenizer.pad_token = tokenizer.convert_ids_to_tokens(number)
            return
    raise ModelError(
        f"the tokenizer of {model} has no padding token, nor an end-of-text token "
        "to use instead: set pad_token in tokenizer_config.json"
    )


def follow_pad_token(config: Any, tokenizer: "PreTrainedTokenizerFast") -> None:
    """Makes a model look for the padding that it gets: some read a row's last other token."""
    if getattr(config, "pad_token_id", None) is None or not counts_from_padding(config):
        config.pad_token_id = tokenizer.pad_token_id


def first_position(config: Any) -> int:
    """The number of a text's first position: 0, or in some models the one after the padding's."""
    if not counts_from_padding(config):
        return 0
    return 2 if config.model_type == "mpnet" else config.pad_token_id + 1


def counts_from_padding(config: Any) -> bool:
    """Whether the number of the first position is that after the padding token's."""
    return "roberta" in config.model_type or config.model_type in COUNT_FROM_PADDING
