"""A cascade: the student answers where it is sure, its teacher answers the rest."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from mashbill.models.checks import ONE_LABEL, check_classifier, config_labels
from mashbill.models.deferral import answers_alone, certainty, kept_with
from mashbill.models.device import Precision
from mashbill.models.engine import Engine
from mashbill.models.engines import engine_of
from mashbill.models.errors import MashbillError
from mashbill.models.loading import read_config, weight_hash
from mashbill.models.tasks.base import Task
from mashbill.models.tasks.multi import Multi
from mashbill.models.tasks.single import Single
from mashbill.models.windows import Windows


class Answered(NamedTuple):
    """What a cascade says of n texts.

    Attributes:
        labels: a name for each text; a list of names in a task of several labels a text, and of
            tags, word by word, in a task of spans.
        alone: whether the student answered and the teacher was not asked, bool [n].
        confidence: of the student, after its temperature scaling, float64 [n].
    """

    labels: list[Any]
    alone: np.ndarray
    confidence: np.ndarray


class Cascade:
    """A student and its teacher as one model.

    Attributes:
        threshold: the student's confidence from which it answers alone; None: never.
    """

    def __init__(self, student: Engine, teacher: Engine, task: Task, threshold: float | None):
        self._student, self._teacher = student, teacher
        self._config: Mapping[str, Any] = student.model.config.to_dict()
        self._task = task.calibrated(self._config)
        self._teachers_task = task.calibrated(teacher.model.config.to_dict())
        self.threshold = threshold

    @classmethod
    def load(
        cls,
        student: str,
        teacher: str,
        threshold: float | None = None,
        *,
        agreement: float | None = None,
        task: Task | None = None,
        max_length: int = 128,
        precision: Precision = "auto",
        device: str = "auto",
        windows: Windows | None = None,
    ) -> Self:
        """Both models, from folders or `hf://NAME`.

        Args:
            threshold: the student's confidence from which it answers alone, 0 to 1.
            agreement: instead of a threshold: the share of all texts on which cascade and teacher
                are to agree, one of those that the student keeps in metrics.json.
            task: of the recipe; by default, one or several labels a text, as config.json says.
            max_length, precision, windows: as in the recipe's section `teacher`.

        Raises:
            MashbillError: not just one of threshold and agreement is given, the student keeps no
                such promise or is another teacher's, the models do not fit each other, or their
                answers have no confidence.
        """
        if (threshold is None) == (agreement is None):
            raise MashbillError("a cascade needs either a threshold or an agreement")
        task = task or _task_of(student)
        if not task.has_confidence:
            raise MashbillError(
                f"a cascade needs confidence, which the task {task.kind} does not have"
            )
        for model in (student, teacher):
            check_classifier(model, task)
        if agreement is not None:
            threshold = _promised(student, teacher, agreement)
        engines = [
            engine_of(task).load(
                model, max_length=max_length, precision=precision, device=device, windows=windows
            )
            for model in (student, teacher)
        ]
        return cls(*engines, task, threshold)

    def predict(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> Answered:
        """Answers to texts, or to pairs of them, in their order; the teacher sees only those that
        the student is not sure of."""
        logits = self._student.logits(texts, pairs)
        confidence = certainty(self._task, logits, self._config)
        answers, alone = self._task.predict(logits), answers_alone(confidence, self.threshold)
        if len(rest := np.flatnonzero(~alone).tolist()):
            seconds = None if pairs is None else [pairs[row] for row in rest]
            asked = self._teacher.logits([texts[row] for row in rest], seconds)
            answers[rest] = self._teachers_task.predict(asked)
        values = self._task.column(answers).to_pylist()
        return Answered([_named(value, self._task.labels) for value in values], alone, confidence)


def _promised(student: str, teacher: str, agreement: float) -> float | None:
    kept = kept_with(student)
    if kept is None:
        raise MashbillError(
            f"{student}: metrics.json has no cascade, which `mashbill distill` "
            "writes; give a threshold"
        )
    if kept.teacher is not None and kept.teacher != weight_hash(teacher):
        raise MashbillError(
            f"{student}: its cascade was fitted with another teacher than {teacher}"
        )
    for one in kept.promises:
        if abs(one.agreement - agreement) < 1e-6:
            return one.confidence
    known = ", ".join(f"{one.agreement:g}" for one in kept.promises)
    raise MashbillError(
        f"{student}: no promise of {agreement:g} agreement; there are {known}, or give a threshold"
    )


def _task_of(model: str) -> Task:
    config = read_config(model)
    for kind in (Single, Multi):
        if (config.get("problem_type") or ONE_LABEL) == kind.problem_type:
            return kind().over(config_labels(config))
    raise MashbillError(f"{model}: config.json says problem_type {config['problem_type']!r}, "
                        "whose answers have no confidence")  # fmt: skip


def _named(value: Any, names: Sequence[str]) -> Any:
    """An answer, or each of several, by name."""
    return [names[one] for one in value] if isinstance(value, list) else names[value]
