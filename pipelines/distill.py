"""`mashbill distill`: trains the student from the data set on disk, unless that is done already."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mashbill.models.checks import check_classifier
from mashbill.models.errors import MashbillError
from mashbill.models.loading import weight_hash
from mashbill.models.path_hash import path_hash
from mashbill.pipelines.evaluation.suites import files_hash
from mashbill.pipelines.fingerprint import fingerprint
from mashbill.pipelines.messages import tell
from mashbill.pipelines.student_figures import measure
from mashbill.pipelines.student_plan import (
    BASELINES,
    baseline_objective,
    student_folder,
    student_plan,
)

if TYPE_CHECKING:
    from mashbill.models.distill.dataset import SoftLabelled
    from mashbill.models.distill.plan import Plan
    from mashbill.pipelines.recipe import Recipe

CARD = "README.md"


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
    if recipe.distill.training.choose_under and (files := files_hash(recipe)) is not None:
        settings["wordnet"] = files
    settings["baseline"] = baseline and {
        "name": baseline,
        "objective": baseline_objective(
            recipe.distill.objective, baseline.startswith("hard")
        ).model_dump(mode="json"),
    }
    if checkpoint := getattr(recipe.distill.student, "model", None):
        settings["checkpoint"] = weight_hash(checkpoint)
    return fingerprint(settings)


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
