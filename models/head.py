"""The head of a classifier: the layer that makes its logits, and whether it fits the labels."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mashbill.models.checks import config_labels
from mashbill.models.errors import ModelError
from mashbill.models.loading import load_model, read_config
from mashbill.models.tasks.base import Task

if TYPE_CHECKING:
    from torch.nn import Linear
    from transformers import PreTrainedModel

# Weights that a checkpoint without a head need not have, by what architectures call them.
HEAD = (
    r"classifier|pre_classifier|score|head|logits_proj|sequence_summary|classification_head"
    r"|.*pooler"
)


def head_rows(model: str, task: Task) -> list[int] | None:
    """Which row of a checkpoint's head is meant for each label; None if it has no head.

    A head whose classes have no names is taken as it is.

    Raises ModelError if its classes are not these labels, in whatever order.
    """
    config, labels = read_config(model), task.labels
    if not has_head(config, task):
        return None
    classes = config_labels(config)
    if len(classes) == len(labels) and all(re.fullmatch(r"LABEL_\d+", name) for name in classes):
        return list(range(len(labels)))
    places = {name.casefold(): place for place, name in enumerate(classes)}
    if len(classes) != len(labels) or places.keys() != {name.casefold() for name in labels}:
        raise ModelError(
            f"the head of {model} has the classes {', '.join(classes)}; the recipe's "
            f"labels are {', '.join(labels)}"
        )
    return [places[name.casefold()] for name in labels]


def load_with_head(
    model: str, task: Task, rows: Sequence[int] | None, **options: Any
) -> "PreTrainedModel":
    """A classifier over the task's labels, in evaluation mode, frozen.

    Args:
        model: a folder, or `hf://NAME`.
        rows: of its head, one for each label, as `head_rows` gives them; None draws a new last
            layer from torch's global generator.
        options: for the configuration.

    Raises ModelError if the folder cannot be read, or lacks weights that are none of a new head's.
    """
    from torch import no_grad

    loaded = load_model(
        model,
        task.auto_class,
        optional=HEAD if rows is None else None,
        **class_names(task.labels),
        ignore_mismatched_sizes=rows is None,
        **options,
    )
    layer = output_layer(loaded)
    with no_grad():
        if rows is None and has_head(read_config(model), task):
            for parameter in layer.parameters():
                parameter._is_hf_initialized = False  # from the checkpoint's own head
            loaded._init_weights(layer)
        elif rows is not None and list(rows) != sorted(rows):
            for parameter in layer.parameters():
                parameter.copy_(parameter[list(rows)].clone())
    return loaded


def has_head(config: Mapping[str, Any], task: Task) -> bool:
    """Whether a config.json is of such a model, not of one that lacks the last layer."""
    names = config.get("architectures") or ()
    return any(name.endswith(task.architecture) for name in names)


def class_names(labels: Sequence[str]) -> dict[str, Any]:
    """The entries of a configuration that name the classes."""
    return {
        "id2label": dict(enumerate(labels)),
        "label2id": {name: place for place, name in enumerate(labels)},
    }


def output_layer(model: "PreTrainedModel") -> "Linear":
    """The layer that makes a classifier's logits; what goes in is the vector of a text or word.

    Raises ModelError if there is none.
    """
    from torch.nn import Linear

    linear = [module for module in model.modules() if isinstance(module, Linear)]
    layers = [layer for layer in linear if layer.out_features == model.config.num_labels]
    if not layers:
        raise ModelError(f"{type(model).__name__} has no linear layer that makes its logits")
    return layers[-1]
