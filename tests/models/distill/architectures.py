"""Tiny classifiers of random weights, of many architectures, as folders."""

from functools import cache
from pathlib import Path

import torch
from transformers import CONFIG_MAPPING, AutoModelForSequenceClassification

from tests.conftest import LABELS, tiny_tokenizer

DEPTH = 4
WITH_TYPES = ("albert", "bert", "big_bird", "convbert", "electra", "nystromformer", "roformer")
# By what the architectures call them; each takes what it has.
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": DEPTH,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "hidden_dim": 64,
    "max_position_embeddings": 64,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "d_head": 8,
    "embedding_size": 32,
    "pooler_hidden_size": 32,
    "intra_bottleneck_size": 32,
    "true_hidden_size": 32,
    "attention_window": 8,
    "ffn_dim": 64,
    "d_inner": 64,
    "d_model": 32,
    "num_layers": DEPTH,
    "num_heads": 4,
    "d_ff": 64,
    "d_kv": 8,
    "decoder_layers": DEPTH,
    "decoder_start_token_id": 0,
    "block_sizes": [2, 2],
    "block_repeats": [1, 1],
}


def tiny_of(kind: str, folder: Path) -> Path:
    """Four layers, 32 wide, over the tests' labels, with the tests' tokenizer."""
    tokenizer = tiny_tokenizer()
    if kind not in WITH_TYPES:
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    config_class = CONFIG_MAPPING[kind]
    default = config_class()
    known = default.to_dict()
    sizes = {
        default.attribute_map.get(name, name): size
        for name, size in SIZES.items()
        if known.get(default.attribute_map.get(name, name)) is not None
    }
    config = config_class(
        **sizes,
        vocab_size=len(tokenizer) + 8,  # for the special tokens of some tokenizer classes
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.sep_token_id,
        bos_token_id=tokenizer.cls_token_id,
        id2label=dict(enumerate(LABELS)),
        label2id={name: i for i, name in enumerate(LABELS)},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@cache
def documented() -> dict[str, tuple[str, str]]:
    """By architecture, what docs/distillation.md says of its students by layers and by size."""
    page = Path(__file__).parents[3] / "docs" / "distillation.md"
    table = page.read_text(encoding="utf-8").split("| architecture |", 1)[1].split("\n\n", 1)[0]
    rows = [line.strip("|").split("|") for line in table.splitlines()[2:]]
    return {
        name.strip(): (by_layers.strip(), by_size.strip())
        for names, by_layers, by_size in rows
        for name in names.split(",")
    }
