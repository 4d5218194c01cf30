"""Whether a model folder holds what is wanted, as far as can be told without loading weights."""

import re
from collections.abc import Sequence
from typing import Any

from mashbill.models.condition import condition_labels
from mashbill.models.errors import ModelError, first_line
from mashbill.models.loading import common_tokenizer, model_folder, read_config
from mashbill.models.tasks.base import Task
from mashbill.models.tasks.reading import Reading

MASKED_LM = "ForMaskedLM"
ONE_LABEL = "single_label_classification"  # what config.json calls one class a text


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
