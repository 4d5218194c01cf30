"""Model folders: loaded from safetensors only, told apart by hash.

A model is named by a local folder, or by `hf://NAME` for one of the Hugging Face hub; only the
latter ever touches the network.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mashbill.models.errors import ModelError, first_line
from mashbill.models.gguf_file import SUFFIX, folder_of
from mashbill.models.padding import first_position, follow_pad_token, set_pad_token
from mashbill.models.quiet import quiet_transformers

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

Stamp = tuple[tuple[str, int, int], ...]  # name, size and time of files

HUB = "hf://"
CONFIG_BYTES = 64 << 20
# What the library allocates or repeats before it has looked at the weights.
LARGEST = {
    "num_labels": 32_767,
    "vocab_size": 10_000_000,
    "max_position_embeddings": 10_000_000,
    "type_vocab_size": 1_000_000,
    "hidden_size": 1_000_000,
    "intermediate_size": 1_000_000,
    "num_hidden_layers": 10_000,
    "num_attention_heads": 10_000,
}
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")


def model_folder(model: str) -> Path:
    """The local folder of a model, fetched first if it is `hf://NAME`, made first of a GGUF file.

    Raises ModelError if the folder lacks a configuration, safetensors weights or a tokenizer.
    """
    if model.endswith(SUFFIX) and not model.startswith(HUB) and not Path(model).is_dir():
        return folder_of(model)
    folder = _fetch(model) if model.startswith(HUB) else Path(model)
    if not folder.is_dir():
        raise ModelError(f"model folder {model} does not exist (a hub model is written {HUB}NAME)")
    if not (folder / "config.json").is_file():
        raise ModelError(f"model folder {model} has no config.json")
    if not any(path.is_file() for path in folder.glob("*.safetensors")):
        raise ModelError(
            f"model folder {model} has no *.safetensors weights, the only format that is read"
        )
    if not any(path.is_file() for name in TOKENIZER_FILES for path in folder.glob(name)):
        raise ModelError(f"model folder {model} has no tokenizer.json")
    return folder


@cache
def _fetch(model: str) -> Path:
    """Fetched once per process: the hub is asked again, and may answer anew, only by another."""
    import huggingface_hub

    try:
        return Path(
            huggingface_hub.snapshot_download(
                model.removeprefix(HUB), allow_patterns=["*.json", "*.txt", "*.safetensors"]
            )
        )
    except Exception as error:  # the hub's client raises many kinds, all of them the user's matter
        raise ModelError(f"cannot fetch {model}: {first_line(error)}") from error


def read_config(model: str) -> dict[str, Any]:
    """The raw config.json of a model.

    Raises ModelError if it is no JSON object, or asks for more than any model has.
    """
    path = model_folder(model) / "config.json"
    if path.stat().st_size > CONFIG_BYTES:
        raise ModelError(f"{path} is larger than {CONFIG_BYTES >> 20} MB")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {first_line(error)}") from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise ModelError(f"{path} names no model_type")
    for key, largest in LARGEST.items():
        values = config.get(key)
        if isinstance(values, int | float) and values > largest:
            raise ModelError(f"{path}: {key}: {values} exceeds the limit of {largest:,}")
    for key in ("id2label", "label2id"):
        if isinstance(values := config.get(key), dict) and len(values) > LARGEST["num_labels"]:
            raise ModelError(
                f"{path}: {key}: {len(values):,} labels, more than {LARGEST['num_labels']:,}"
            )
    return config


def load_tokenizer(model: str) -> "PreTrainedTokenizerFast":
    """The model's tokenizer, which has a padding token.

    Raises ModelError unless it is a fast (Rust) one, and knows no token that the model does not.
    """
    from transformers import AutoTokenizer

    folder = model_folder(model)
    config = read_config(model)  # the library would build all that it asks for
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, use_fast=True, trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # whatever a broken folder makes the library raise
        raise ModelError(f"cannot load the tokenizer of {model}: {first_line(error)}") from error
    if not tokenizer.is_fast:
        raise ModelError(f"model {model} has no fast tokenizer (tokenizer.json)")
    size, rows = max(tokenizer.get_vocab().values(), default=-1) + 1, config.get("vocab_size")
    if isinstance(rows, int) and size > rows:
        raise ModelError(
            f"the tokenizer of {model} has {size:,} tokens, but the model only "
            f"{rows:,} (vocab_size in config.json): they do not belong together"
        )
    set_pad_token(tokenizer, config, model)
    return tokenizer


def common_tokenizer(model: str) -> "PreTrainedTokenizerFast":
    """What `load_tokenizer` gives, for those who change nothing about it: read once for all."""
    files = (
        path for kind in ("*.json", "*.txt", "*.model") for path in model_folder(model).glob(kind)
    )
    return _tokenizer_of(model, _stamp(files))


@lru_cache(maxsize=2)
def _tokenizer_of(model: str, stamp: Stamp) -> "PreTrainedTokenizerFast":
    del stamp
    return load_tokenizer(model)


def load_model(
    model: str, auto_class: Any, optional: str | None = None, dtype: Any = "float32", **options: Any
) -> "PreTrainedModel":
    """Weights of a transformers Auto class in evaluation mode, frozen; padded as its tokenizer is.

    Args:
        model: a folder, or `hf://NAME`.
        auto_class: such as `AutoModel`.
        optional: matches, from their beginning, names of weights that may be missing.
        dtype: of the weights, whatever they are stored as: half a precision trains badly or not.
        options: for the library.

    Raises ModelError if the folder cannot be read, or lacks weights that the class needs.
    """
    folder = model_folder(model)
    read_config(model)  # the library would build all that it asks for
    try:
        with quiet_transformers():
            loaded, report = auto_class.from_pretrained(
                folder,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                dtype=dtype,
                **options,
            )
    except Exception as error:  # whatever a broken folder makes the library raise
        raise ModelError(f"cannot load {model}: {first_line(error)}") from error
    missing = sorted(report["missing_keys"])
    if optional is not None:
        missing = [key for key in missing if not re.match(optional, key)]
    if missing:
        raise ModelError(f"model {model} lacks weights: {', '.join(missing[:3])}")
    follow_pad_token(loaded.config, common_tokenizer(model))
    return loaded.eval().requires_grad_(False)


def length_limit(config: Any, tokenizer: "PreTrainedTokenizerFast", max_length: int) -> int:
    """The tokens that one text may have: as asked for, as far as the model has positions."""
    named = (getattr(config, name, None) for name in ("max_position_embeddings", "max_seq_len"))
    limits = [positions - first_position(config) for positions in named if (positions or 0) > 0]
    return min(max_length, *limits, tokenizer.model_max_length)


def weight_hash(model: str) -> str:
    """128-bit hex digest of the weights' bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(model_folder(model).glob("*.safetensors")):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def tokenizer_hash(model: str) -> str:
    """128-bit hex digest of the tokenizer: its vocabulary, rules and special tokens."""
    rules = common_tokenizer(model).backend_tokenizer.to_str().encode()
    return hashlib.blake2b(rules, digest_size=16).hexdigest()


def weight_stamp(model: str) -> Stamp:
    """Changes when a model is trained anew in place."""
    return _stamp(model_folder(model).glob("*.safetensors"))


def _stamp(files: Iterable[Path]) -> Stamp:
    return tuple((f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in sorted(files))
