"""What is settled before any work: the inputs exist, the models fit, and the run has a name."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any, NamedTuple

from mashbill.models.endpoint_settings import without_fetching
from mashbill.models.errors import MashbillError
from mashbill.models.loading import weight_hash
from mashbill.models.packaged_translator import version_of
from mashbill.models.path_hash import path_hash
from mashbill.pipelines.evaluation.suites import suites_of_sets
from mashbill.pipelines.fillers import weak_fillers
from mashbill.pipelines.fingerprint import fingerprint
from mashbill.pipelines.messages import tell
from mashbill.pipelines.order import maker, not_made_yet, refuse_unmade
from mashbill.pipelines.output import read_state
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.stages import contracts
from mashbill.pipelines.versions import versions
from mashbill.transforms.addresses import all_without_secrets
from mashbill.transforms.augmenters.probe import try_augmenter
from mashbill.transforms.augmenters.registry import unavailable
from mashbill.transforms.contract import Contract
from mashbill.transforms.corpus_files import digests, stored_bytes
from mashbill.transforms.credentials import check_credentials
from mashbill.transforms.languages.base import Language
from mashbill.transforms.languages.registry import language_of
from mashbill.transforms.sources import plan
from mashbill.transforms.suites.registry import unavailable_suites
from mashbill.transforms.work_item import WorkItem

SHARD_BYTES = 512 << 20  # of text, which a worker holds several times while it sorts and writes


class Prepared(NamedTuple):
    """A recipe that can run.

    Attributes:
        items: what to read.
        settings: all that the rows depend on; a rerun must have the same.
        fingerprint: of the settings, 128-bit hex.
        to_be_made: models that are still to be made, and by which command.
        contracts: what the stages declare, from reading to writing.
    """

    items: list[WorkItem]
    settings: dict[str, Any]
    fingerprint: str
    to_be_made: dict[str, str]
    contracts: list[Contract]


def prepare(recipe: Recipe, dry: bool = False) -> Prepared:
    """Checks inputs and models and fingerprints the run.

    Args:
        recipe: of the run.
        dry: nothing will run, so models that other commands have still to make may be missing.

    Raises:
        MashbillError: see `check`; or `output.adds_to` is no data set.
    """
    unmade = not_made_yet("generate", recipe) if dry else {}
    declared = contracts(recipe)
    items = _check_inputs(recipe, unmade)
    for line in weak_fillers(recipe.needs()):
        tell(line)
    settings = recipe.model_dump(
        mode="json",
        include={
            *("seed", "language", "corpus", "labels", "task", "splits"),
            *("augment", "filter", "filters"),
        },
    )
    settings["augment"] = without_fetching(settings["augment"])
    if (dictionary := language_of(recipe.language).dictionary) is not None:
        settings["dictionary"] = path_hash(dictionary)
    settings["teacher"] = recipe.teacher.settings()
    settings["shards"] = recipe.output.shards
    settings["mashbill"] = versions().get("mashbill")
    settings["inputs"] = {spec.name: digests(spec) for spec in recipe.specs()}
    settings["files"] = {path: path_hash(path) for path in recipe.augment.reads()}
    if packages := recipe.augment.packages():
        settings["packages"] = {package: version_of(package) for package in packages}
    if recipe.output.adds_to is not None:
        settings["adds_to"] = _fingerprint_of(recipe.output.adds_to)
    to_be_made = {model.path: maker(model.path, unmade) for model in recipe.needs()}
    made = [model for model, command in to_be_made.items() if command is None]
    with ThreadPoolExecutor() as pool:  # hashing leaves the interpreter to others
        hashes = dict(zip(made, pool.map(weight_hash, made), strict=True))
    settings["weights"] = {model: hashes.get(model) for model in to_be_made}
    settings = all_without_secrets(settings)  # a new password makes no other rows
    first = {model: command for model, command in to_be_made.items() if command}
    return Prepared(items, settings, fingerprint(settings), first, declared)


def large_shards(recipe: Recipe) -> str | None:
    """What to say of shards so large that one may not fit into a worker's memory, else None.

    A worker holds one shard as a whole, since its rows are sorted. Files are taken as they are
    stored, so that compressed ones are larger than reckoned.
    """
    copies = 1 + len(recipe.augment.copy_numbers)
    whole = copies * sum(map(stored_bytes, recipe.specs()))
    if whole <= recipe.output.shards * SHARD_BYTES:
        return None
    return (
        f"a shard would hold about {whole / recipe.output.shards / 1e9:.1f} GB "
        "of text, and a worker holds a whole shard in memory: set output.shards to "
        f"{-(-whole // SHARD_BYTES)} or more, not {recipe.output.shards}"
    )


def without_language(recipe: Recipe) -> str | None:
    """What to say of all that texts of `any` language lack; None for a language that is known."""
    name = recipe.language
    if name != Language.name:
        return None
    lacking = {"augmenters": unavailable(name), "suites": unavailable_suites(name)}
    if not any(lacking.values()):
        return None
    said = "; ".join(f"no {what} {', '.join(names)}" for what, names in lacking.items() if names)
    return f"language: {name}: {said}"


def _fingerprint_of(out: str) -> str:
    state = read_state(out)
    if state is None:
        raise MashbillError(f"output.adds_to: {out} is not the output of a mashbill run")
    return state["about"]["fingerprint"]


def check(recipe: Recipe, to_be_made: Mapping[str, str] = MappingProxyType({})) -> list[WorkItem]:
    """What there is to read, after a look at everything that a run needs.

    Args:
        recipe: of the run.
        to_be_made: models that an earlier stage of the run will make; see `made_before`.

    Raises:
        MashbillError: a stage lacks a column, a pattern matches nothing, a file is unreadable, a
            model is missing or does not fit the labels, an augmenter lacks its tables, or a suite
            does not fit the task.
    """
    contracts(recipe)
    return _check_inputs(recipe, to_be_made)


def _check_inputs(recipe: Recipe, to_be_made: Mapping[str, str]) -> list[WorkItem]:
    check_credentials("output.path", recipe.output.path, writes=True)
    items = [item for spec in recipe.specs() for item in plan(spec, task=recipe.task)]
    suites_of_sets(recipe)
    for model in recipe.needs():
        if maker(model.path, to_be_made) is None:
            refuse_unmade("generate", recipe, model.path)
            model.check(recipe.task)
    try_augmenters(recipe)
    return items


def try_augmenters(recipe: Recipe) -> None:
    """Raises MashbillError for an augmenter that lacks its tables, or a package with models."""
    for method in recipe.methods():
        augmenter = method.augmenter()
        for package in augmenter.packages():
            version_of(package)
        if not augmenter.uses_model and not augmenter.needs_statistics:
            try_augmenter(augmenter)
