"""The stages of a run, in order, as its recipe asks for them: the one list of them."""

from collections.abc import Iterator

from mashbill.models.discriminator import Discriminator
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.annotate import Annotate, TeacherFilter, VariantsOnly
from mashbill.transforms.augment import Augment
from mashbill.transforms.contract import Contract, check_order
from mashbill.transforms.deduplicate import DEDUPLICATE
from mashbill.transforms.read import READ
from mashbill.transforms.similarity import Similarity
from mashbill.transforms.stage import Stage


def contracts(recipe: Recipe) -> list[Contract]:
    """What the stages of a run declare, from reading to writing.

    Raises:
        MashbillError: a stage needs a column that no earlier one adds.
    """
    found = [READ, DEDUPLICATE, *(stage.contract for stage in stages(recipe))]
    check_order(found)
    return found


def stages(recipe: Recipe, discriminator: Discriminator | None = None) -> list[Stage]:
    """The stages between deduplication and writing.

    Args:
        recipe: of the run.
        discriminator: of the run, if it is known yet and the recipe asks for one.
    """
    return list(_stages(recipe, discriminator))


def _stages(recipe: Recipe, discriminator: Discriminator | None) -> Iterator[Stage]:
    wanted, teacher = recipe.filter, recipe.teacher
    yield from _augmenting(recipe)
    if wanted.similarity_model is not None:
        yield Similarity(
            wanted.similarity_model,
            wanted.min_similarity,
            discriminator,
            wanted.max_synthetic,
            wanted.wants_discriminator,
        )
    yield Annotate(teacher.model, teacher.max_length, teacher.precision)
    yield TeacherFilter(
        recipe.task, wanted.teacher_agrees, wanted.min_confidence, wanted.weight, teacher.model
    )
    if recipe.output.adds_to is not None:
        yield VariantsOnly()


def _augmenting(recipe: Recipe) -> Iterator[Augment]:
    """Rules first, then what needs a model; the last of the two draws again."""
    augment = recipe.augment
    methods = recipe.methods()
    augmenters = [method.augmenter() for method in methods]
    groups = {
        name: [i for i, a in enumerate(augmenters) if a.uses_model == with_model]
        for name, with_model in (("augment", False), ("augment_model", True))
    }
    groups = {name: chosen for name, chosen in groups.items() if chosen and augment.copies}
    for name, chosen in groups.items():
        last = name == list(groups)[-1]
        yield Augment(
            name,
            methods,
            chosen,
            augment.copy_numbers,
            augment.fields,
            augment.splits,
            recipe.seed,
            ("redrawn" if last else "passed_on") if augment.redraw else "lost",
        )
