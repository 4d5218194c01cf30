"""The stages of a run, in order, as its recipe asks for them: the one list of them."""

from collections.abc import Iterable, Iterator

from mashbill.models.discriminator import Discriminator
from mashbill.models.errors import MashbillError
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.annotate import Annotate, TeacherFilter, VariantsOnly
from mashbill.transforms.augment import Augment
from mashbill.transforms.contract import Contract, check_order, columns_of
from mashbill.transforms.deduplicate import DEDUPLICATE
from mashbill.transforms.filters.base import Filter
from mashbill.transforms.filters.near_duplicate import NearDuplicate
from mashbill.transforms.read import READ
from mashbill.transforms.similarity import Similarity
from mashbill.transforms.stage import FilterRows, Stage


def contracts(recipe: Recipe) -> list[Contract]:
    """What the stages of a run declare, from reading to writing.

    Raises:
        MashbillError: a stage needs a column that no earlier one adds.
    """
    declared = [READ, _deduplicate(recipe), *(stage.contract for stage in stages(recipe))]
    check_order(declared)
    return declared


def stages(recipe: Recipe, discriminator: Discriminator | None = None) -> list[Stage]:
    """The stages between deduplication and writing.

    Args:
        recipe: of the run.
        discriminator: of the run, if it is known yet and the recipe asks for one.

    Raises:
        MashbillError: a filter reads a column that no stage adds.
    """
    judged = [*_measuring(recipe, discriminator)]
    early = FilterRows("source_filter", drops_sources=True)
    late = FilterRows("variant_filter")
    head = [READ, DEDUPLICATE]
    for one in recipe.every_filter():
        if one.of_sources and not isinstance(one, NearDuplicate):
            _attach(one, head, [early])
        if one.of_variants:
            _attach(one, head, [late, *judged])
    in_order = [early, *_augmenting(recipe), late, *judged]
    if recipe.output.adds_to is not None:
        in_order.append(VariantsOnly())
    return [stage for stage in in_order if stage.filters or not isinstance(stage, FilterRows)]


def _measuring(recipe: Recipe, discriminator: Discriminator | None) -> Iterator[Stage]:
    """What adds the columns that filters read."""
    teacher = recipe.teacher
    if recipe.encoder is not None:
        yield Similarity(recipe.encoder, discriminator, recipe.wants_discriminator)
    yield Annotate(recipe.task, teacher.spec(recipe.labels))
    alone = len(teacher.members) == 1 and not teacher.asks_in_words
    thresholds_of = teacher.model if alone else None
    yield TeacherFilter(recipe.task, recipe.filter.weight, thresholds_of)


def _attach(wanted: Filter, head: Iterable[Contract], stages: Iterable[Stage]) -> None:
    """Gives a filter to the first stage behind which the columns that it reads are there."""
    there = set(columns_of(head))
    for stage in stages:
        there |= columns_of([stage.contract]).keys()
        if there.issuperset(wanted.reads):
            stage.filters = (*stage.filters, wanted)
            return
    missing = ", ".join(name for name in wanted.reads if name not in there)
    place = " before sources are augmented" if wanted.of_sources else ""
    raise MashbillError(
        f"the filter {wanted.kind} reads {missing}, a column that no stage adds{place}"
    )


def _deduplicate(recipe: Recipe) -> Contract:
    near = () if recipe.near_duplicate is None else ("dropped/near_duplicate",)
    return DEDUPLICATE._replace(loses=(*DEDUPLICATE.loses, *near))


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
            recipe.task,
        )
