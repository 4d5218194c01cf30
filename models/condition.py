"""A label told to a masked language model: its name as a second segment behind the text.

Wu et al. 2019, "Conditional BERT Contextual Augmentation", section 3, give the label in place of
the segment numbers; a name as a second segment does the same for any number of classes, tells the
model what it knows of the name already, and leaves its embeddings as they are.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mashbill.models.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

CONFIG_KEY = "condition_labels"  # in config.json: the names of the labels, by index


class Segment(NamedTuple):
    """Token ids that follow a text's own tokens, in place of its last special ones, and types."""

    ids: list[int]
    types: list[int]


class LabelCondition:
    """The second segments of a task's labels.

    Attributes:
        labels: their names, by index.
        segments: what each label puts behind a text.
        trailing: special tokens at a text's end, which a segment replaces.
        extra: by how many tokens a row grows at most.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerFast", labels: Sequence[str]):
        self.labels = tuple(labels)
        uses_types = "token_type_ids" in tokenizer.model_input_names
        backend = tokenizer.backend_tokenizer
        alone = backend.encode("a")
        self.trailing = alone.special_tokens_mask[::-1].index(0)
        own = len(alone.ids) - self.trailing
        self.segments = []
        for label in self.labels:
            pair = backend.encode("a", label.replace("_", " "))
            ids, types = pair.ids[own:], pair.type_ids[own:]
            self.segments.append(Segment(ids, types if uses_types else [0] * len(ids)))
        self.extra = max(len(segment.ids) for segment in self.segments) - self.trailing

    def told(self, ids: Sequence[int], label: int) -> tuple[list[int], list[int]]:
        """A text's row with the label behind it: token ids and types."""
        own = list(ids[: len(ids) - self.trailing])
        segment = self.segments[label]
        return own + segment.ids, [0] * len(own) + segment.types


def condition_labels(model: str, config: Any) -> tuple[str, ...] | None:
    """The labels that a masked LM was adapted to, None for one that knows of none.

    Args:
        model: what to call it in an error.
        config: of the model, or the object that its config.json holds.

    Raises ModelError if the entry is no list of names.
    """
    get = config.get if isinstance(config, dict) else lambda key: getattr(config, key, None)
    labels = get(CONFIG_KEY)
    if labels is None:
        return None
    if not isinstance(labels, list) or not all(isinstance(name, str) for name in labels):
        raise ModelError(f"{model}/config.json: {CONFIG_KEY} must be a list of label names")
    return tuple(labels)
