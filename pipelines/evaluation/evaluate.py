"""`mashbill evaluate`: evaluation.json and its report, unless they are there already."""

from collections.abc import Mapping
from typing import Any

import orjson
from apache_beam.io.filesystems import FileSystems

from mashbill.models.checks import check_classifier
from mashbill.models.errors import MashbillError
from mashbill.models.loading import weight_hash
from mashbill.pipelines.evaluation.compared import TEACHER, compared_models
from mashbill.pipelines.evaluation.measure import measure
from mashbill.pipelines.evaluation.suites import files_hash
from mashbill.pipelines.fingerprint import fingerprint
from mashbill.pipelines.lock import forget_the_dead, writes_into
from mashbill.pipelines.order import refuse_unmade
from mashbill.pipelines.output import check_page, drop_page, remove_temporary_files, write_page
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.report import EVALUATION_VERSION, write_report
from mashbill.pipelines.summary import read_run
from mashbill.pipelines.whole import check_whole
from mashbill.transforms.addresses import all_without_secrets
from mashbill.transforms.corpus_files import digests
from mashbill.transforms.files import exists, read_bytes

REPORT = "report.html"


def evaluate(recipe: Recipe, max_rejects: float = 0.01) -> dict[str, Any]:
    """Writes OUT/evaluation.json and OUT/report.html and returns the content of the first; done
    already, just returns it.

    Raises:
        MashbillError: no section `evaluate` or no data set, a model that is not there or does not
            fit the labels, a set that cannot be read or has more rejects than the share
            `max_rejects` of its rows, or a data set that is not whole or of another run.
    """
    if recipe.evaluate is None:
        raise MashbillError("the recipe has no section evaluate")
    out = recipe.output.path
    run = read_run(out)
    check_whole(out, run["fingerprint"])
    models = compared_models(recipe)
    for path in models.values():
        refuse_unmade("evaluate", recipe, path)
    for model in recipe.teacher.needs():
        model.check(recipe.task)
    for name, path in models.items():
        if name != TEACHER:
            check_classifier(path, recipe.task)
    name = _fingerprint(recipe, run, models)
    done = _finished(FileSystems.join(out, "evaluation.json"), name)
    if done is not None and exists(FileSystems.join(out, REPORT)):
        forget_the_dead(out)
        return done
    with writes_into(out, f"evaluate {name}", alone=True):
        remove_temporary_files(out)
        check_page(out, REPORT)
        result = done or all_without_secrets(
            {"fingerprint": name, **measure(recipe, run, models, max_rejects)}
        )
        if done is None:
            drop_page(out, REPORT)
            content = orjson.dumps(result, option=orjson.OPT_INDENT_2)
            write_page(out, "evaluation.json", content)
        write_report(out)
    return result


def _fingerprint(recipe: Recipe, run: Mapping[str, Any], models: Mapping[str, str]) -> str:
    """Of all that the figures depend on, the content of the files that are read included."""
    settings = recipe.model_dump(mode="json", include={"evaluate", "labels", "task", "language"})
    specs = [one.spec() for one in recipe.evaluate.sets]
    if (people := recipe.evaluate.people) is not None:
        specs.append(people.spec())
    settings["inputs"] = [digests(spec) for spec in specs]
    if (files := files_hash(recipe)) is not None:
        settings["wordnet"] = files
    settings["models"] = {name: weight_hash(path) for name, path in models.items()}
    settings["teacher"] = recipe.teacher.model_dump(include={"max_length", "precision"})
    if recipe.teacher.asks_in_words:
        settings["teacher"] = recipe.teacher.settings()
    if len(recipe.teacher.members) > 1:
        settings["teacher"]["members"] = list(map(weight_hash, recipe.teacher.members))
        settings["teacher"] |= recipe.teacher.together
    return fingerprint(settings | {"data": run["fingerprint"], "version": EVALUATION_VERSION})


def _finished(path: str, wanted: str) -> dict[str, Any] | None:
    if not exists(path):
        return None
    try:
        content = orjson.loads(read_bytes(path))
    except orjson.JSONDecodeError:
        return None
    return content if content.get("fingerprint") == wanted else None
