"""What is settled before any work: the inputs exist, the models fit, and the run has a name."""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from models.loading import check_classifier, check_encoder, check_masked_lm, weight_hash
from pipelines.recipe import Recipe
from transforms.sources import WorkItem, digests, plan


class Prepared(NamedTuple):
    """A recipe that can run.

    Attributes:
        items: what to read.
        settings: all that the rows depend on; a rerun must have the same.
        fingerprint: of the settings, 128-bit hex.
    """

    items: list[WorkItem]
    settings: dict[str, Any]
    fingerprint: str


def prepare(recipe: Recipe) -> Prepared:
    """Checks inputs and models and fingerprints the run.

    Raises:
        MashbillError: a pattern matches nothing, a file is unreadable, a model is missing or does
            not fit the labels.
    """
    specs = recipe.specs()
    items = [item for spec in specs for item in plan(spec)]
    settings = recipe.model_dump(
        mode="json",
        include={"seed", "corpus", "labels", "splits", "augment", "filter"},
    )
    settings["teacher"] = recipe.teacher.model_dump(mode="json", exclude={"train"})
    settings["shards"] = recipe.output.shards
    settings["inputs"] = {spec.name: digests(spec) for spec in specs}
    settings["weights"] = {model: weight_hash(model) for model in _checked_models(recipe)}
    return Prepared(items, settings, fingerprint(settings))


def fingerprint(settings: dict[str, Any]) -> str:
    canonical = orjson.dumps(settings, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(canonical, digest_size=16).hexdigest()


def _checked_models(recipe: Recipe) -> Iterator[str]:
    check_classifier(recipe.teacher.model, recipe.labels)
    yield recipe.teacher.model
    if recipe.filter.similarity_model is not None:
        check_encoder(recipe.filter.similarity_model)
        yield recipe.filter.similarity_model
    for method in recipe.augment.methods:
        for model in method.augmenter().models():
            check_masked_lm(model)
            yield model
