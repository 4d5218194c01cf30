"""Which models a part of a run needs: said by the part, checked and told apart in one place."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from mashbill.models.checks import (
    check_classifier,
    check_encoder,
    check_entailment,
    check_masked_lm,
    check_model,
    check_writer,
)
from mashbill.models.tasks.base import Task

Role = Literal["classifier", "masked LM", "encoder", "entailment", "translator", "writer", "other"]
CHECKS: Mapping[Role, Callable[[str, Task], object]] = MappingProxyType(
    {
        "classifier": check_classifier,
        "masked LM": lambda path, task: check_masked_lm(path, task.labels),
        "encoder": lambda path, task: check_encoder(path),
        "entailment": lambda path, task: check_entailment(path),
        "translator": lambda path, task: check_writer(path, encodes=True),
        "writer": lambda path, task: check_writer(path, encodes=False),
        "other": lambda path, task: check_model(path),
    }
)


class ModelRef(NamedTuple):
    """A model and what it is needed as.

    Attributes:
        path: a folder, or `hf://NAME`.
        role: `classifier` over the task's labels, `masked LM`, `encoder` of sentences, `entailment`
            of a sentence by a text, `translator`
            from sequence to sequence, `writer` of what follows a prompt, or `other`: one that
            brings its own code and tokenizer.
    """

    path: str
    role: Role

    def check(self, task: Task) -> None:
        """Raises ModelError unless the model can serve in its role in this task."""
        CHECKS[self.role](self.path, task)


def once_each(needs: Iterable[ModelRef]) -> list[ModelRef]:
    """Without repetitions, in their order: what several parts share is checked once."""
    return list(dict.fromkeys(needs))
