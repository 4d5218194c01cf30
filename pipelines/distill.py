"""`mashbill distill`: trains the student from the data set on disk, unless that is done already."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mashbill.models.errors import MashbillError, ModelError
from mashbill.models.loading import check_classifier, read_config, weight_hash
from mashbill.models.path_hash import path_hash
from mashbill.pipelines.fingerprint import fingerprint
from mashbill.pipelines.fresh import fresh_of
from mashbill.pipelines.messages import tell

if TYPE_CHECKING:
    from mashbill.models.deferral import Deferral
    from mashbill.models.distill.answers import Answers
    from mashbill.models.distill.choosing import Change
    from mashbill.models.distill.dataset import SoftLabelled
    from mashbill.models.distill.kd import Distillation
    from mashbill.models.distill.objectives import Objective
    from mashbill.models.distill.run import Plan
    from mashbill.models.tasks.base import Task
    from mashbill.pipelines.recipe import Recipe, Teacher

CARD = "README.md"
BASELINES = {
    "hard-real": "gold labels, source examples",
    "kd-real": "soft labels, source examples",
    "hard-synthetic": "gold labels, source examples and variants",
    "kd": "soft labels, source examples and variants",
}


def distill(recipe: "Recipe", baseline: str | None = None) -> dict[str, Any]:
    """Trains the student of the recipe, or one of `BASELINES` for as many steps.

    A baseline goes into the student's folder with its name behind it. A training that was killed
    resumes from its last checkpoint, to the same end state. An export to ONNX that failed is tried
    again without training anew.

    Returns:
        What also stands in metrics.json: figures of student and teacher on validation and test,
        before and after temperature scaling, and the temperature.

    Raises:
        MashbillError: no section `distill`, a data set or model that does not fit; before any
            training. Or the export to ONNX failed; the student is saved then.
    """
    section = recipe.distill
    if section is None:
        raise MashbillError("the recipe has no section distill, so there is no student to train")
    from mashbill.models.distill.dataset import check_augmenters, open_data
    from mashbill.models.distill.export import check_exporter
    from mashbill.models.model_folder import finished_metrics

    if section.onnx:
        check_exporter()
    source = section.data
    data = open_data(
        source.path or recipe.output.path,
        recipe.task,
        rounds=source.rounds,
        probabilities=source.scores == "probabilities",
    )
    check_augmenters(data, "distill.data.mix", source.mix)
    if not isinstance(source.soft_labels, str):
        check_augmenters(data, "distill.data.soft_labels", source.soft_labels)
    plan = student_plan(recipe, data, baseline)
    if plan.loads_teacher:
        check_classifier(recipe.teacher.model, recipe.task)
    folder = Path(student_folder(section.model, baseline))
    name = _fingerprint(recipe, data, plan, baseline)
    if (metrics := finished_metrics(folder, name)) is not None:
        tell(f"{folder.name}: {folder} is up to date")
    else:
        metrics = _train(recipe, data, plan, baseline, folder, name)
    if section.onnx and metrics and "onnx" not in metrics:
        metrics = _export(recipe, data, baseline, folder, metrics)
    return metrics


def student_folder(model: str, baseline: str | None) -> str:
    """Where a student goes, or the baseline that it is compared with."""
    return f"{model}-{baseline}" if baseline else model


def _train(
    recipe: "Recipe",
    data: "SoftLabelled",
    plan: "Plan",
    baseline: str | None,
    folder: Path,
    name: str,
) -> dict[str, Any]:
    """The metrics of the student, which lies in `folder` then; empty in all processes but one."""
    from mashbill.models.distill.fresh import report
    from mashbill.models.distill.run import train_student
    from mashbill.models.model_folder import (
        kept_checkpoints,
        lone_launch,
        new_model_folder,
        save_model,
        write_metrics,
    )

    for split in ("validation", "test"):
        if split in data.splits and data.splits[split].labelled:
            tally = data.splits[split].labelled_tally()
            for line in data.task.too_few_to_measure(split, tally):
                tell(f"{folder.name}: warning: {line}")
    if (alone := lone_launch()) is not None:
        tell(f"{folder.name}: warning: {alone}")
    tell(f"{folder.name}: training on {data.folder} into {folder}")
    with kept_checkpoints(folder, name) as checkpoints:
        trained = train_student(
            data, plan, checkpoints, lambda line: tell(f"{folder.name}: {line}")
        )
        if not trained.chief:
            return {}
        with new_model_folder(folder, name) as new:
            save_model(trained.model, trained.tokenizer, new)
            metrics, of_config = measure(data, new, recipe.teacher)
            metrics |= {"steps": trained.steps, "best_step": trained.best_step}
            if trained.fresh is not None:
                metrics["fresh"] = report(trained.fresh)
            if trained.cut is not None:
                metrics["vocabulary"] = trained.cut.report(data)
            trained.model.config.update(of_config)
            trained.model.config.save_pretrained(new)
            (new / CARD).write_text(_card(recipe, data, baseline, metrics))
            write_metrics(new, metrics)
    return metrics


def student_plan(recipe: "Recipe", data: "SoftLabelled", baseline: str | None) -> "Plan":
    """All that decides the weights; a baseline has the steps of the recipe's own training."""
    from mashbill.models.distill.run import Plan, steps_of
    from mashbill.models.distill.stream import Selection

    section = recipe.distill
    fresh = section.data.fresh
    plan = Plan(
        student=section.student,
        objective=section.objective,
        training=section.training,
        teacher=recipe.teacher.model,
        max_length=recipe.teacher.max_length,
        seed=recipe.seed,
        selection=Selection(mix=section.data.mix, fresh=fresh.share if fresh else 0.0),
        soft_labels=section.data.soft_labels,
        extras=(*section.mixing, *section.matching),
        evaluation=recipe.teacher.precision,
        noises=noises_of(recipe),
        fresh=fresh_of(recipe, data),
    )
    if baseline is None:
        return plan
    training = section.training.model_copy(update={"steps": steps_of(data, plan)})
    hard, real = baseline.startswith("hard"), baseline.endswith("real")
    return Plan(
        student=plan.student,
        objective=baseline_objective(section.objective, hard),
        training=training,
        teacher=plan.teacher,
        max_length=plan.max_length,
        seed=plan.seed,
        selection=Selection(variants=not real, unlabelled=not hard),
        evaluation=plan.evaluation,
        noises=plan.noises,
    )


def noises_of(recipe: "Recipe") -> dict[str, "Change"]:
    """The suites under which a checkpoint is chosen too, each at its last level.

    Raises:
        MashbillError: a suite that the language does not have, or under which labels do not stay.
    """
    from mashbill.pipelines.evaluation.suites import staying_suites

    asked = recipe.distill.training.choose_under
    suites = staying_suites(recipe, asked, "distill.training.choose_under")
    return {suite.name: partial(suite.texts, level=len(suite.levels)) for suite in suites}


def baseline_objective(objective: "Objective", hard: bool) -> "Distillation":
    """`kd` as the recipe's own objective weighs and forms it; `hard`: on gold labels alone."""
    from mashbill.models.distill.kd import Distillation

    shared = objective.model_dump(include=set(Distillation.model_fields) - {"kind"})
    return Distillation(**shared | ({"alpha": 0.0} if hard else {}))


def _fingerprint(recipe: "Recipe", data: "SoftLabelled", plan: "Plan", baseline: str | None) -> str:
    """Of all that the weights and the metrics depend on."""
    settings = recipe.model_dump(mode="json", include={"seed", "labels", "task", "distill"})
    for name in ("model", "onnx"):
        settings["distill"].pop(name)
    settings["distill"]["data"].pop("rounds")  # the rows say it
    settings["teacher"] = weight_hash(plan.teacher) if plan.loads_teacher else None
    settings["max_length"] = recipe.teacher.max_length
    settings["precision"] = recipe.teacher.precision
    if recipe.teacher.windows is not None:
        settings["windows"] = recipe.teacher.windows.model_dump()
    settings["data"] = data.fingerprint
    settings["rows"] = {split: files.rows for split, files in data.splits.items()}
    if baseline is None and recipe.distill.data.fresh:
        reads = recipe.distill.data.fresh.reads()
        settings["files"] = {path: path_hash(path) for path in reads}
    settings["baseline"] = baseline and {
        "name": baseline,
        "objective": baseline_objective(
            recipe.distill.objective, baseline.startswith("hard")
        ).model_dump(mode="json"),
    }
    if checkpoint := getattr(recipe.distill.student, "model", None):
        settings["checkpoint"] = weight_hash(checkpoint)
    return fingerprint(settings)


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


def _export(
    recipe: "Recipe",
    data: "SoftLabelled",
    baseline: str | None,
    folder: Path,
    metrics: dict[str, Any],
) -> dict[str, Any]:
    """Adds the ONNX files, and what they do, to a finished student."""
    from mashbill.models.distill.export import ROWS, export_onnx
    from mashbill.models.distill.stream import file_tables
    from mashbill.models.model_folder import apply_umask, write_metrics

    texts: list[str] = []
    for table in file_tables(data, "validation"):
        texts += table["text"].to_pylist()
        if len(texts) >= ROWS:
            break
    try:
        exported = export_onnx(folder, texts, recipe.teacher.max_length, recipe.task.auto_class)
    except MashbillError as error:
        raise MashbillError(
            f"the student in {folder} is trained and saved, but its export to ONNX failed: "
            f"{error}; run the same command again to retry the export, or set distill.onnx: "
            "false"
        ) from error
    metrics = {**metrics, "onnx": exported}
    (folder / CARD).write_text(_card(recipe, data, baseline, metrics))
    apply_umask(folder)
    write_metrics(folder, metrics)
    return metrics


def _card(
    recipe: "Recipe",
    data: "SoftLabelled",
    baseline: str | None,
    metrics: dict[str, Any],
) -> str:
    import yaml

    from mashbill.pipelines.markdown import templates
    from mashbill.pipelines.versions import versions

    section = recipe.distill.model_dump(mode="json", by_alias=True, exclude_none=True)
    return (
        templates()
        .get_template("student.md")
        .render(
            name=Path(recipe.distill.model).name,
            labels=list(recipe.labels),
            baseline=baseline and f"{baseline}: {BASELINES[baseline]}",
            teacher=recipe.teacher.model or data.about["teacher"]["model"],
            fingerprint=data.fingerprint,
            rows={split: files.rows for split, files in data.splits.items()},
            metrics=metrics,
            origin="teacher" if recipe.distill.student.uses_teacher else "checkpoint",
            columns=recipe.task.card_columns,
            section=yaml.safe_dump(section, sort_keys=False),
            seed=recipe.seed,
            versions=versions(),
        )
    )
