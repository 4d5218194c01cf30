"""`mashbill check`: all that can be known of a run before it starts, without a model's weights."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc
from rich.table import Table
from rich.text import Text

from mashbill.models.endpoint_settings import check_keys
from mashbill.models.errors import MashbillError
from mashbill.pipelines.evaluation.suites import suites_of_sets
from mashbill.pipelines.fillers import weak_fillers
from mashbill.pipelines.inside import refuse_mixing
from mashbill.pipelines.later_stages import (
    Use,
    check_of_student,
    checks_of_evaluation,
    models_beside_generate,
)
from mashbill.pipelines.order import made_before, maker
from mashbill.pipelines.prepare import try_augmenters, without_language
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.rejects import lossy
from mashbill.pipelines.stages import contracts
from mashbill.pipelines.terminal import Terminal
from mashbill.transforms.assignment import bind
from mashbill.transforms.augment import Maker, assign
from mashbill.transforms.corpus import Loaded, beginning, bring_together, reasons
from mashbill.transforms.sources import plan
from mashbill.transforms.statistics import statistics_of

ROWS = 2000  # of each corpus that are looked at, or a little more
TEXTS, VARIANTS = 5, 3  # shown, and of each text


class Preview(NamedTuple):
    """What a check found.

    Attributes:
        loaded: the beginnings of the corpora; None where none could be read.
        whole: by corpus, whether its beginning is all of it.
        models: each model with the command that loads it and what is known of it.
        variants: a text, and (augmenter, variant) for each of its variants.
        faults: what would end a run, a line each.
    """

    loaded: Loaded | None
    whole: dict[str, bool]
    models: list[tuple[str, str, str]]
    variants: list[tuple[str, list[tuple[str, str]]]]
    faults: list[str]


def preview(recipe: Recipe, max_rejects: float) -> Preview:
    """Looks at everything; faults are collected, not raised."""
    faults: list[str] = []
    parts, whole, items = [], {}, []
    for spec in recipe.specs():
        try:
            planned = plan(spec, task=recipe.task)
            items += planned
            parts_read, whole[spec.name] = beginning(planned, recipe.task, ROWS)
            parts += [(spec.name, part) for part in parts_read]
        except MashbillError as error:
            faults.append(str(error))
    loaded = None
    if any(part.batch.num_rows for _, part in parts):
        splits = recipe.splits
        loaded = bring_together(
            parts,
            recipe.task,
            splits.fractions(),
            recipe.labelled_shares(),
            recipe.source_filters(),
            splits.stratify,
        )
        faults += [f"of the rows checked, {line}" for line in lossy(loaded, max_rejects)]
    elif parts:
        faults.append("no row could be used")
    models = list(_models(recipe, faults))
    others = [
        ("", partial(contracts, recipe)),
        ("", partial(suites_of_sets, recipe)),
        ("", partial(try_augmenters, recipe)),
        ("", partial(check_keys, recipe.endpoints())),
        *check_of_student(recipe),
        ("", partial(refuse_mixing, recipe, items)),
        *checks_of_evaluation(recipe),
    ]
    for key, check in others:
        try:
            check()
        except MashbillError as error:
            faults.append(f"{key}: {error}" if key else str(error))
    variants = list(_variants(recipe, loaded)) if loaded and loaded.table.num_rows else []
    return Preview(loaded, whole, models, variants, faults)


def _models(recipe: Recipe, faults: list[str]) -> Iterator[tuple[str, str, str]]:
    of_generate = [
        Use("", needed.path, "generate", lambda _, needed=needed: needed.check(recipe.task))
        for needed in recipe.needs()
    ]
    seen = set()
    for use in [*of_generate, *models_beside_generate(recipe)]:
        if (use.model, use.command) in seen:
            continue
        seen.add((use.model, use.command))
        if command := maker(use.model, made_before(use.command, recipe)):
            yield use.model, use.command, f"created by mashbill {command}"
            continue
        try:
            use.fits(use.model)
            yield use.model, use.command, "found"
        except MashbillError as error:
            faults.append(f"{use.key}: {error}" if use.key else str(error))
            yield use.model, use.command, "cannot be used"


def _variants(recipe: Recipe, loaded: Loaded) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A few texts with variants by the methods that need no model; ids are hashes, so the first
    are a random choice."""
    methods = recipe.methods()
    augmenters = {i: method.augmenter() for i, method in enumerate(methods)}
    ready = {i: augmenter for i, augmenter in augmenters.items() if not augmenter.uses_model}
    table = loaded.table.filter(
        np.isin(loaded.table["split"].to_pylist(), recipe.augment.splits)
    ).slice(0, TEXTS)
    if not ready or not table.num_rows:
        return
    statistics = statistics_of(loaded.table.to_batches(), recipe.task, recipe.language)
    bound = {i: bind(augmenter, statistics) for i, augmenter in ready.items()}
    variant_maker = Maker(
        bound,
        recipe.augment.fields,
        np.empty(0, np.uint64),
        recipe.seed,
        task=recipe.task,
    )
    (batch,) = table.combine_chunks().to_batches()
    sources = list(enumerate(batch.column("source_id").to_pylist()))
    shares = [method.share if i in ready else 0.0 for i, method in enumerate(methods)]
    jobs = assign(sources, range(1, VARIANTS + 1), shares, recipe.seed)
    rows = variant_maker.make(batch, jobs).batch.to_pylist()
    variants = rows[batch.num_rows :]
    for source in rows[: batch.num_rows]:
        own = [row for row in variants if row["source_id"] == source["source_id"]]
        yield _shown(source), [(row["augmenter"], _shown(row)) for row in own]


def _shown(row: dict) -> str:
    return row["text"] if row["text_pair"] is None else f"{row['text']} | {row['text_pair']}"


def check_recipe(recipe: Recipe, max_rejects: float) -> None:
    """Prints what a run would find.

    Raises:
        MashbillError: a run could not start; names all faults.
    """
    previewed = preview(recipe, max_rejects)
    console = Terminal()

    def say(line: str) -> None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    if previewed.loaded is not None:
        console.print(_rows_table(recipe, previewed.loaded))
        for corpus, is_whole in previewed.whole.items():
            rows = previewed.loaded.counts[f"read/by_corpus/{corpus}/rows"]
            say(f"{corpus}: checked {'all' if is_whole else 'the first'} {rows:,} rows")
        counts = previewed.loaded.counts
        say(
            f"{counts['read/rows']:,} rows: {counts['read/blank']:,} blank, "
            f"{len(previewed.loaded.rejects):,} rejects, "
            f"{counts['deduplicate/dropped/duplicates']:,} duplicates, "
            f"{previewed.loaded.table.num_rows:,} examples"
        )
        for line in reasons(previewed.loaded.rejects):
            say(line)
        if all(previewed.whole.values()):
            for line in _too_few(recipe, previewed.loaded):
                say(f"warning: {line}")
    models = Table("model", "for", "state", title="models")
    for row in previewed.models:
        models.add_row(*map(Text, row))
    console.print(models)
    for warning in [*filter(None, [without_language(recipe)]), *weak_fillers(recipe.needs())]:
        say(warning)
    for text, variants in previewed.variants:
        say(f"\n{text}")
        for augmenter, variant in variants:
            say(f"  {augmenter}: {variant}")
        if not variants:
            say("  no method that works without a model changes this text")
    if previewed.faults:
        raise MashbillError("\n  ".join(["the run cannot start:", *previewed.faults]))
    say("\nthe run can start")


def _too_few(recipe: Recipe, loaded: Loaded) -> Iterator[str]:
    """A line for each split whose classes have too few rows to measure anything of."""
    for split in ("validation", "test"):
        rows = loaded.table.filter(pc.equal(loaded.table["split"], split))
        tally = recipe.task.tally(recipe.task.gold_of(rows))
        yield from recipe.task.too_few_to_measure(split, tally)


def _rows_table(recipe: Recipe, loaded: Loaded) -> Table:
    columns = (loaded.table[name].to_pylist() for name in ("corpus", "split", "label"))
    groups: dict[tuple[str, str], Counter] = {}
    for corpus, split, label in zip(*columns, strict=True):
        name = "no label" if label is None else recipe.task.show(label)
        groups.setdefault((corpus, split), Counter())[name] += 1
    table = Table("corpus", "split", "examples", "labels", title="rows")
    for (corpus, split), labels in sorted(groups.items()):
        said = ", ".join(f"{name} {rows:,}" for name, rows in labels.most_common())
        table.add_row(*map(Text, (corpus, split, f"{labels.total():,}", said)))
    return table
