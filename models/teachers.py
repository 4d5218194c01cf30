"""Teachers of every kind, as what labels texts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.settings import Mean
from mashbill.models.tasks.base import Task
from mashbill.models.windows import Windows


class Hypotheses(NamedTuple):
    """A sentence for each label, which a model of entailment judges; see `Entailment`."""

    sentences: tuple[str, ...]


class Words(NamedTuple):
    """What a language model is asked, and how it may answer; see `LabelWords` and, if a server has
    it, `AskedWords`."""

    prompt: str
    names: tuple[tuple[str, ...], ...]
    calibrate: bool
    endpoint: Endpoint | None = None


class TeacherSpec(NamedTuple):
    """What is needed to load a teacher.

    Attributes:
        models: one, or the members of an ensemble; none where a server is asked.
        max_length: in tokens.
        mean: what is averaged over several.
        folds: parts of the train split that members were trained without, one each.
        asks: how a model is asked that was not trained on the labels.
    """

    models: Sequence[str]
    max_length: int = 128
    precision: str = "auto"
    windows: Windows | None = None
    mean: Mean = "logits"
    folds: int | None = None
    asks: Hypotheses | Words | None = None

    def load(self, task: Task) -> Any:
        """What answers `logits`, `windows` and `forward_seconds` as a `Classifier` does, once per
        process and model.

        Raises ModelError if a model cannot serve.
        """
        how = {"max_length": self.max_length, "precision": self.precision}
        if isinstance(self.asks, Hypotheses):
            from mashbill.models.classifier import Classifier
            from mashbill.models.entailment import Entailment

            judge = Classifier.load(self.models[0], **how)
            return Entailment(judge, self.asks.sentences, several=not task.has_classes)
        if isinstance(self.asks, Words):
            *asked, endpoint = self.asks
            if endpoint is not None:
                from mashbill.models.asked_words import AskedWords

                return AskedWords(endpoint, *asked)
            from mashbill.models.generator import Writer
            from mashbill.models.label_words import LabelWords

            return LabelWords(Writer.load(self.models[0], **how), *asked)
        from mashbill.models.engines import engine_of
        from mashbill.models.ensemble import Ensemble

        engine = engine_of(task)
        members = [engine.load(model, **how, windows=self.windows) for model in self.models]
        return members[0] if len(members) == 1 else Ensemble(members, self.mean)
