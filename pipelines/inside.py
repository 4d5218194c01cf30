"""What goes in and what comes out must not mix: an output folder with an input in it is refused."""

import os
import re
from collections.abc import Iterable, Iterator

from apache_beam.io.filesystems import FileSystems

from mashbill.models.errors import MashbillError
from mashbill.pipelines.later_stages import models_beside_generate
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.files import is_local
from mashbill.transforms.layout import rejects_path, split_path
from mashbill.transforms.work_item import WorkItem


def refuse_mixing(recipe: Recipe, items: Iterable[WorkItem]) -> None:
    """Raises MashbillError if an input lies in the output folder, the output folder in an input
    (a model's folder, say), or a corpus's pattern would read what the run writes."""
    out, shards = recipe.output.path, recipe.output.shards
    for path in sorted({item.path for item in items if item.format != "hub"}):
        if _lies_in(path, out):
            raise MashbillError(
                f"output.path: {out} contains an input, {path}; give it a folder of its own"
            )
    for model in input_models(recipe):
        if _lies_in(out, model):
            raise MashbillError(f"output.path: {out} is inside the model folder {model}")
    written = (split_path(out, "train", 0, shards), rejects_path(out, 0, shards))
    for spec in recipe.specs():
        for pattern in spec.globs:
            if any(map(_matcher(pattern), written)):
                raise MashbillError(
                    f"output.path: {out} matches the pattern {pattern} of corpus {spec.name}, "
                    "which would read what the run writes"
                )


def input_models(recipe: Recipe) -> Iterator[str]:
    """Every model that some stage of the recipe reads."""
    yield from (needed.path for needed in recipe.needs())
    yield from (use.model for use in models_beside_generate(recipe))
    for maker in (recipe.mlm, recipe.assistant):
        if maker is not None:
            yield from (maker.base, maker.model)


def _lies_in(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or below it; on a disk wherever links lead."""
    if is_local(path) != is_local(folder):
        return False
    if is_local(path):
        path, folder = os.path.realpath(path), os.path.realpath(folder)
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def _matcher(pattern: str):
    if is_local(pattern):
        pattern = os.path.abspath(pattern)
    meant = re.compile(FileSystems.get_filesystem(pattern).translate_pattern(pattern))

    def matches(path: str) -> bool:
        return meant.fullmatch(os.path.abspath(path) if is_local(path) else path) is not None

    return matches
