"""The page as a whole: what stands in OUT, gathered in bounded memory and put into the template."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import orjson
import pyarrow as pa
import yaml
from apache_beam.io.filesystems import FileSystems
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.base import Task
from mashbill.models.tasks.registry import task_of
from mashbill.pipelines.draws import draws, kept_shares
from mashbill.pipelines.messages import tell
from mashbill.pipelines.output import write_page
from mashbill.pipelines.report import (
    cascade,
    certainty,
    data_charts,
    model_charts,
    model_tables,
    spelling,
)
from mashbill.pipelines.report.charts import Chart
from mashbill.pipelines.report.distributions import distributions
from mashbill.pipelines.report.duplicates import near_duplicates
from mashbill.pipelines.report.examples import cut, difference, examples, extremes
from mashbill.pipelines.report.marks import Piece, pieces
from mashbill.pipelines.samples import FirstSources, sample_rejects, sampled
from mashbill.pipelines.student_plan import BASELINES
from mashbill.pipelines.summary import number, read_run, stages, written
from mashbill.transforms.examples import SPLITS
from mashbill.transforms.files import exists, read_bytes
from mashbill.transforms.languages.base import Language
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE
from mashbill.transforms.quality import Quality, by_augmenter
from mashbill.transforms.shown_edits import SOURCES_SHOWN

EVALUATION_VERSION = 8  # of the keys of evaluation.json
SOURCES_MEASURED = 2000
MEASURED = pa.schema(
    {
        **dict.fromkeys(("source_id", "text", "augmenter", "label", "teacher_label"), pa.string()),
        "similarity": pa.float32(),
    }
)


def write_report(out: str) -> None:
    """Writes OUT/report.html from the other files of OUT; with evaluation.json, if it is there.

    Raises:
        MashbillError: no run.json, or one of the two is damaged.
    """
    content = render(out, read_run(out), read_evaluation(out)).encode("utf-8", "replace")
    write_page(out, "report.html", content)


def read_evaluation(out: str) -> dict[str, Any] | None:
    """What `mashbill evaluate` wrote; None where it was not called, or by another version."""
    path = FileSystems.join(out, "evaluation.json")
    if not exists(path):
        return None
    try:
        evaluation = orjson.loads(read_bytes(path))
    except orjson.JSONDecodeError as error:
        raise MashbillError(f"{path}: not JSON: {error}") from None
    if evaluation.get("version") == EVALUATION_VERSION:
        return evaluation
    tell(
        f"warning: {path} was written by another version of mashbill and is left out of the "
        "report; mashbill evaluate makes it again"
    )
    return None


def render(out: str, run: Mapping[str, Any], evaluation: Mapping[str, Any] | None = None) -> str:
    """The page; everything that a corpus, a file name or a recipe says is escaped."""
    script = resources.files("mashbill.pipelines").joinpath("templates/report.js").read_text()
    language = run["recipe"].get("language", DEFAULT_LANGUAGE).partition(":")[0]
    return (
        _templates()
        .get_template("report.html")
        .render(
            run=run,
            language="" if language == Language.name else language,  # "": none that is known
            recipe=yaml.safe_dump(run["recipe"], sort_keys=False, allow_unicode=True),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            **_of_data(out, run),
            evaluation=None if evaluation is None else _of_models(evaluation),
            rejects=sample_rejects(out, run),
        )
    )


@cache
def _templates() -> Environment:
    """The parts of the page; compiled once."""
    environment = Environment(
        loader=PackageLoader("mashbill.pipelines"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["json"] = lambda value: orjson.dumps(value).decode()
    return environment


def _of_data(out: str, run: Mapping[str, Any]) -> dict[str, Any]:
    task, counts = task_of(run), run["counts"]
    drawn = draws(counts)
    augmented = run["recipe"].get("augment", {}).get("splits") or SPLITS
    samples = [FirstSources(run, SOURCES_MEASURED, of) for of in (augmented, SPLITS)]
    counted, (splits, augmenters) = distributions(out, task, *samples)
    measured, every = sampled(out, *samples)
    everywhere = [rows[0] for rows in every]
    charts = [data_charts.lengths(counted.words)]
    charts += [data_charts.confidence(counted.confidence)] if task.has_confidence else []
    charts += (
        [data_charts.labels(counted.labels, task.tallied, counted.train)] if task.is_exact else []
    )
    charts += [data_charts.augmenters(augmenters, drawn)] if drawn else []
    if "discriminator" in run:
        auc = run["discriminator"].get("auc")
        charts.append(data_charts.synthetic(counted.synthetic, auc))
    return {
        "stages": stages(counts),
        "flow": data_charts.flow(stages(counts)),
        "written": written(counts),
        "splits": splits,
        "augmenters": augmenters,
        "draws": drawn,
        "kept": kept_shares(drawn),
        "charts": charts,
        "examples": list(examples(measured, task, SOURCES_SHOWN)),
        "sampled": len(measured),
        "tallied": task.tallied,
        "quality": _quality(measured, task, run["recipe"].get("language", DEFAULT_LANGUAGE)),
        "extremes": extremes(measured),
        "duplicates": near_duplicates(everywhere),
        "cut": cut,
    }


def _of_models(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    makers = (model_charts.reliability, model_charts.speed, cascade.curves, model_charts.people)
    charts: list[Chart] = [chart for make in makers if (chart := make(evaluation)) is not None]
    return {
        "suites": model_charts.suites(evaluation),
        "charts": charts,
        "confusions": model_tables.confusions(evaluation),
        "labels": evaluation.get("confused", evaluation["labels"]),
        "measure": model_tables.measure_of(evaluation).name,
        "warnings": evaluation.get("warnings", []),
        "bought": evaluation.get("bought"),
        "gains": model_tables.gains(evaluation),
        "baselines": BASELINES,
        "rows": model_tables.rows_of(evaluation, next(iter(evaluation["sets"]))),
        "limited": model_tables.limited(evaluation),
        "overview": model_tables.overview(evaluation),
        "checks": model_tables.checks(evaluation),
        "cascades": cascade.promises(evaluation),
        "likeness": [
            table
            for table in (certainty.differing(evaluation), certainty.by_confidence(evaluation))
            if table[1]
        ],
        "spelling": spelling.correctors(evaluation),
        "tables": [
            ("Differences", model_tables.differences(evaluation)),
            ("Slices", model_tables.slices(evaluation)),
            *model_tables.of_entities(evaluation),
        ],
        "about": evaluation["suites"],
        "disturbed": [
            {
                **one,
                "severity": model_tables.severity(evaluation, one["suite"], one["level"]),
                "difference": difference(cut(one["before"]), cut(one["after"])),
                "marked": _marked(one),
            }
            for one in evaluation["examples"]
        ],
    }


def _marked(example: Mapping[str, Any]) -> list[list[Piece]]:
    """A text before and after, in pieces; empty where its label names no places."""
    if "marks" not in example:
        return []
    source, variant = (
        (cut(example[name]), marks)
        for name, marks in zip(("before", "after"), example["marks"], strict=True)
    )
    before = pieces(*source)
    return [before, pieces(*variant, before)]


def _quality(sampled: Sequence[Sequence[dict]], task: Task, language: str) -> dict[str, Quality]:
    """Figures of each augmenter's variants among sampled sources."""

    rows = [row for rows in sampled for row in rows]
    if not rows:
        return {}
    labels = pa.array([row["label"] for row in rows], task.stored_type)
    gold = task.gold_of(pa.table({"text": [row["text"] for row in rows], "label": labels}))
    answers = task.gold(pa.array([row["teacher_label"] for row in rows], task.stored_answer_type))

    def told(label: Any, known: bool) -> str | None:
        return repr(label.tolist()) if known and task.is_exact else None

    both = zip(
        rows,
        map(told, gold, task.known(gold)),
        map(told, answers, task.known(answers)),
        strict=True,
    )
    rows = [{**row, "label": label, "teacher_label": said} for row, label, said in both]
    return by_augmenter(pa.Table.from_pylist(rows, MEASURED), language)
