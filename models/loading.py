"""Model folders: checked without loading weights, loaded from safetensors only, told apart by hash.

A model is named by a local folder, or by `hf://NAME` for one of the Hugging Face hub; only the
latter ever touches the network.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mashbill.models.condition import condition_labels
from mashbill.models.errors import ModelError, first_line
from mashbill.models.gguf_file import SUFFIX, folder_of
from mashbill.models.padding import first_position, follow_pad_token, set_pad_token
from mashbill.models.quiet import quiet_transformers
from mashbill.models.tasks.base import Task
from mashbill.models.tasks.reading import Reading

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

Stamp = tuple[tuple[str, int, int], ...]  # name, size and time of files

HUB = "hf://"
MASKED_LM = "ForMaskedLM"
ONE_LABEL = "single_label_classification"  # what config.json calls one class a text
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


def check_model(model: str) -> dict[str, Any]:
    """The raw config.json; raises ModelError unless the folder holds some model that is whole."""
    from safetensors import safe_open

    config = read_config(model)
    for path in model_folder(model).glob("*.safetensors"):
        try:
            with safe_open(path, "numpy"):
                pass
        except Exception as error:  # the library has kinds of its own, and the system's
            raise ModelError(f"{path} is damaged: {first_line(error)}") from error
    return config


def check_encoder(model: str) -> None:
    """Raises ModelError unless the folder holds some model with a tokenizer that fits it."""
    check_model(model)
    common_tokenizer(model)


def check_entailment(model: str) -> None:
    """Raises ModelError unless the folder holds a classifier of entailment."""
    check_classifier(model)
    entailment_classes(config_labels(read_config(model)), model)


def entailment_classes(labels: Sequence[str], model: str = "the model") -> tuple[int, int]:
    """Which classes stand for entailment and for contradiction.

    Raises ModelError if their names do not tell.
    """
    indices = []
    for wanted in ("entail", "contra"):
        places = [i for i, name in enumerate(labels) if name.casefold().startswith(wanted)]
        if len(places) != 1:
            raise ModelError(
                f"{model} is no model of entailment: its classes are {', '.join(labels)}"
            )
        indices += places
    return indices[0], indices[1]


def check_writer(model: str, encodes: bool) -> None:
    """Raises ModelError unless the folder holds a model that writes texts.

    Args:
        encodes: from sequence to sequence; else a causal one.
    """
    from transformers.models.auto import modeling_auto

    kinds = (
        modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES
        if encodes
        else modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    )
    config = check_model(model)
    wanted = "sequence-to-sequence model" if encodes else "causal language model"
    if config["model_type"] not in kinds or bool(config.get("is_encoder_decoder")) != encodes:
        raise ModelError(f"model {model} is not a {wanted}: model_type {config['model_type']}")
    common_tokenizer(model)


def check_masked_lm(model: str, labels: Sequence[str] | None = None) -> None:
    """Raises ModelError unless the folder holds a masked language model.

    One that was adapted to labels must know just these, in order.
    """
    config = check_model(model)
    _check_architecture(model, config, MASKED_LM, "masked language model")
    common_tokenizer(model)
    told = condition_labels(model, config)
    if labels is not None and told is not None:
        check_labels(model, told, labels)


def has_masked_lm_head(model: str) -> bool:
    """Whether the folder's configuration says that it holds a masked language model."""
    return any(name.endswith(MASKED_LM) for name in read_config(model).get("architectures") or ())


def check_classifier(model: str, task: Task | None = None) -> None:
    """Raises ModelError unless the folder holds a classifier over just the task's labels, in order.

    One of another kind is none: the numbers of a softmax, of several sigmoids and of a regression
    mean different things. Without a task, one of one class a text is meant.
    """
    config = check_model(model)
    reading = Reading if task is None else task
    _check_architecture(model, config, reading.architecture, reading.model_name)
    wanted = ONE_LABEL if task is None else task.problem_type
    if wanted is not None and (config.get("problem_type") or ONE_LABEL) != wanted:
        raise ModelError(
            f"model {model} is a classifier of another kind: config.json says problem_type "
            f"{config.get('problem_type')!r}, expected {wanted!r}"
        )
    common_tokenizer(model)
    if task is not None:
        check_labels(model, config_labels(config), task.labels)


def _check_architecture(model: str, config: dict[str, Any], suffix: str, wanted: str) -> None:
    architectures = config.get("architectures") or ["no architecture"]
    if not any(name.endswith(suffix) for name in architectures):
        raise ModelError(
            f"model {model} is not a {wanted}: config.json names {', '.join(architectures)}"
        )


def config_labels(config: dict[str, Any]) -> list[str]:
    """Class names by index; a configuration without any means two classes."""
    names = config.get("id2label")
    if names is None:
        return [f"LABEL_{i}" for i in range(config.get("num_labels", 2))]
    return [names[key] for key in sorted(names, key=int)]


def check_labels(model: str, classes: Sequence[str], wanted: Sequence[str]) -> None:
    """Raises ModelError if the classes differ in number, or in name where they have real names."""
    if len(classes) != len(wanted):
        raise ModelError(
            f"model {model} has {len(classes)} classes ({', '.join(classes)}); "
            f"the recipe has {len(wanted)} labels ({', '.join(wanted)})"
        )
    named = not all(re.fullmatch(r"LABEL_\d+", name) for name in classes)
    if named and [name.casefold() for name in classes] != [name.casefold() for name in wanted]:
        raise ModelError(
            f"model {model} has the classes {', '.join(classes)}, in this order; "
            f"the recipe's labels are {', '.join(wanted)}"
        )


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
