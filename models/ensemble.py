"""Several models of one task that answer as one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import log_softmax, logsumexp

from mashbill.models.classifier import Classifier
from mashbill.models.settings import ALL, Mean
from mashbill.models.tagger import Tagger
from mashbill.models.tasks.base import Task
from mashbill.models.tasks.ragged import ragged
from mashbill.models.tokenizing import Window


class Ensemble:
    """Answers the mean of its members' scores, and otherwise looks like the first of them.

    Args:
        mean: of the scores, or of the probabilities of one class per text; then the answers are
            logarithms of these.
    """

    def __init__(self, members: Sequence[Classifier | Tagger], mean: Mean = "logits"):
        self.members, self.mean = members, mean

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "members":  # while it is copied or unpickled
            raise AttributeError(name)
        return getattr(self.members[0], name)

    @property
    def parameters(self) -> int:
        return sum(member.parameters for member in self.members)

    @property
    def forward_seconds(self) -> float:
        return sum(member.forward_seconds for member in self.members)

    def windows(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None
    ) -> list[Window | None]:
        """What the first member reads."""
        return self.members[0].windows(texts, pairs)

    def logits(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None = None,
        folds: np.ndarray | None = None,
    ) -> np.ndarray:
        """Scores, as a member gives them.

        Args:
            folds: of each text, the number of the member that answers it alone, or `ALL`.

        Raises RowError, which names the rows, if any score is NaN or infinite.
        """
        if folds is None or not len(texts):
            return self._mean([member.logits(texts, pairs) for member in self.members])
        answers: list[Any] = [None] * len(texts)
        for fold in np.unique(folds).tolist():
            places = np.flatnonzero(folds == fold).tolist()
            own = [texts[place] for place in places]
            seconds = None if pairs is None else [pairs[place] for place in places]
            who = self if fold == ALL else self.members[fold]
            for place, answer in zip(places, who.logits(own, seconds), strict=True):
                answers[place] = answer
        return _stacked(answers)

    def _mean(self, scores: Sequence[np.ndarray]) -> np.ndarray:
        if self.mean == "logits":
            return sum(scores[1:], start=scores[0]) / len(scores)
        logs = log_softmax(np.stack(scores).astype(np.float64), axis=-1)
        return (logsumexp(logs, axis=0) - np.log(len(scores))).astype(np.float32)

    def agreement(
        self, task: Task, texts: Sequence[str], pairs: Sequence[str] | None = None
    ) -> float:
        """Share of the texts to which two members give the same answer, the mean over pairs of
        members: as much as can be asked of a student that learns from one of them."""
        said = [
            task.calibrated(member.model.config.to_dict()).predict(member.logits(texts, pairs))
            for member in self.members
        ]
        shares = [
            float(np.mean(task.agree(first, second)))
            for place, first in enumerate(said)
            for second in said[place + 1 :]
        ]
        return float(np.mean(shares))


def _stacked(rows: Sequence[np.ndarray]) -> np.ndarray:
    if rows[0].ndim == 1:
        return np.stack(rows)
    return ragged(rows)
