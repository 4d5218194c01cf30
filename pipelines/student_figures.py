"""What a trained student is worth: its figures, calibrated, and when it may answer alone."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mashbill.models.errors import ModelError
from mashbill.models.loading import read_config, weight_hash

if TYPE_CHECKING:
    from mashbill.models.deferral import Deferral
    from mashbill.models.distill.answers import Answers
    from mashbill.models.distill.dataset import SoftLabelled
    from mashbill.models.tasks.base import Task
    from mashbill.pipelines.recipe import Teacher


def measure(
    data: "SoftLabelled", student: Path, teacher: "Teacher"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The student, and the soft labels it learnt from, on validation and test.

    The student is loaded from its folder and computes as `mashbill evaluate` does, on the same
    rows, and reads texts as the teacher does.

    Returns:
        figures, with the calibration fitted on validation; and what config.json keeps of that.
    """
    from mashbill.models.distill.answers import answers_to
    from mashbill.models.engines import engine_of

    classifier = engine_of(data.task)(
        str(student), teacher.max_length, teacher.precision, "auto", teacher.windows
    )
    answered = {
        split: answers_to(data, split, classifier)
        for split in ("validation", "test")
        if split in data.splits
    }
    known = answered["validation"].labelled()
    # Without gold labels, it is fitted to the teacher's answers.
    fitted_to = known if len(known.labels) else answered["validation"]
    gold = known.labels if len(known.labels) else data.task.predict(fitted_to.teacher)
    calibration = data.task.calibrate(fitted_to.student, gold)
    of_config = data.task.of_config(calibration)
    task = data.task.calibrated(of_config)
    metrics: dict[str, Any] = {
        **calibration,
        "layers": classifier.model.config.num_hidden_layers,
        "parameters": classifier.parameters,
    }
    for split, rows in answered.items():
        rows = rows._replace(task=task)
        metrics[split] = rows.metrics()
        if (scaled := rows.scaled_metrics(calibration)) is not None:
            metrics[f"{split}, scaled"] = scaled
        stored = rows._replace(student=rows.teacher)
        metrics[f"{split}, stored soft labels"] = stored.metrics()
    if data.task.has_confidence and data.task.is_exact:
        fitted_to = fitted_to._replace(task=task)
        metrics["cascade"] = _deferral(fitted_to, data, of_config, teacher).model_dump(mode="json")
    return metrics, of_config


def _deferral(
    rows: "Answers", data: "SoftLabelled", config: dict[str, Any], teacher: "Teacher"
) -> "Deferral":
    """From which confidence the student may answer alone, fitted on these rows."""
    from mashbill.models.deferral import certainty, fit

    weights = data.about.get("teacher", {}).get("weights")
    said = _teachers_task(data, teacher.model, weights).predict(rows.teacher)
    agrees = rows.task.agree(rows.task.predict(rows.student), said)
    return fit(certainty(rows.task, rows.student, config), agrees, weights)


def _teachers_task(data: "SoftLabelled", model: str | None, weights: str | None) -> "Task":
    """With the thresholds of the teacher that the data set is by, if it is there: a student that
    learns of stored answers can do without it."""
    if data.task.has_thresholds and model is not None:
        with suppress(ModelError):
            if weight_hash(model) == weights:
                return data.task.calibrated(read_config(model))
    return data.task
