"""What the two trainings share: the corpus by split, and the name of a training's inputs."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from mashbill.models.loading import weight_hash
from mashbill.pipelines.fingerprint import fingerprint
from mashbill.pipelines.rejects import settle_rejects
from mashbill.transforms.corpus import load_examples
from mashbill.transforms.corpus_files import digests
from mashbill.transforms.examples import SPLITS

if TYPE_CHECKING:
    from mashbill.pipelines.recipe import Recipe


def training_fingerprint(recipe: "Recipe", section: dict[str, Any], base: str) -> str:
    """Of all that the weights depend on: the recipe's section, the corpus, the base model."""
    settings = recipe.model_dump(
        mode="json", include={"seed", "corpus", "labels", "task", "splits"}
    )
    if filters := recipe.source_filters():
        settings["filters"] = [one.model_dump(mode="json") for one in filters]
    settings["section"] = section
    settings["inputs"] = {spec.name: digests(spec) for spec in recipe.specs()}
    settings["weights"] = weight_hash(base)
    return fingerprint(settings)


def examples_by_split(recipe: "Recipe", what: str, max_rejects: float) -> dict[str, pa.Table]:
    """The source examples of each split, as the pipeline sees them.

    Raises:
        MashbillError: see `load_examples` and `settle_rejects`, which `what` and `max_rejects` are
            for.
    """
    splits = recipe.splits
    loaded = load_examples(
        recipe.specs(),
        recipe.task,
        splits.fractions(),
        recipe.source_filters(),
        splits.stratify,
    )
    settle_rejects(what, loaded, max_rejects)
    table = loaded.table
    return {split: table.filter(pc.equal(table["split"], split)) for split in SPLITS}
