"""Real or synthetic: the discriminator of a run, fitted once and then the same for all its jobs."""

import heapq
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

from mashbill.models.discriminator import Discriminator, auc, fit_discriminator
from mashbill.models.errors import MashbillError
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.assignment import assign, bind
from mashbill.transforms.augment import Maker
from mashbill.transforms.examples import EXAMPLES, ORIGINAL, Strata, identify
from mashbill.transforms.files import read_bytes, write_whole
from mashbill.transforms.layout import discriminator_path
from mashbill.transforms.readers import read
from mashbill.transforms.similarity import add_similarity, embed_rows
from mashbill.transforms.stage import dropped_by
from mashbill.transforms.statistics import statistics_of
from mashbill.transforms.strata import strata_of
from mashbill.transforms.work_item import WorkItem

SAMPLE = 1000  # sources
SEEN_PER_SOURCE = 20  # rows of a corpus that are looked at for each source of the sample


class Judge(NamedTuple):
    """A discriminator and how well it tells variants from sources.

    Attributes:
        figures: `auc`, `by_augmenter` (each one's variants against all sources), `sources` and
            `variants` of the sample. Every row was judged by a model that had not seen its source.
    """

    discriminator: Discriminator
    figures: dict[str, Any]


def settle_discriminator(recipe: Recipe, items: list[WorkItem]) -> Judge | None:
    """The run's discriminator: from the output folder, or fitted and put there.

    None where the recipe asks for none. Shards that are made later, elsewhere or again are thus
    judged alike.

    Raises:
        MashbillError: the corpus gives too few sources and variants to learn from.
    """
    if not recipe.wants_discriminator:
        return None
    if not FileSystems.exists(discriminator_path(recipe.output.path)):
        content = _to_json(fit(recipe, items))
        write_whole(discriminator_path(recipe.output.path), lambda file: file.write(content))
    return read_discriminator(recipe.output.path)


def read_discriminator(out: str) -> Judge | None:
    """The discriminator of the run in `out`; None where it has none."""
    path = discriminator_path(out)
    if not FileSystems.exists(path):
        return None
    content = read_bytes(path)
    return Judge(Discriminator.from_json(content), orjson.loads(content)["figures"])


def _to_json(judge: Judge) -> bytes:
    model = orjson.loads(judge.discriminator.to_json())
    return orjson.dumps({**model, "figures": judge.figures})


def fit(recipe: Recipe, items: list[WorkItem]) -> Judge:
    """Learns from a sample of the sources and the variants that the run makes of them.

    Variants that filters drop before are left out, as in the run itself.
    """
    from mashbill.models.encoder import Encoder

    batch = _variants(recipe, sample_sources(recipe, items))
    encoder = Encoder.load(recipe.encoder)
    vectors = embed_rows(batch, encoder.embed, everything=True)
    known = add_similarity(batch, vectors)
    judged = [one for one in recipe.every_filter() if set(one.reads) <= set(known.schema.names)]
    gone = dropped_by([one for one in judged if one.of_variants], known, sources=False)
    stays = ~np.logical_or.reduce([np.zeros(batch.num_rows, bool), *gone.values()])
    vectors, batch = vectors[stays], batch.filter(pa.array(stays))
    source_ids = batch.column("source_id").to_pylist()
    augmenters = np.array(batch.column("augmenter").to_pylist())
    synthetic = augmenters != ORIGINAL
    model = fit_discriminator(vectors, synthetic, source_ids)
    scores = model.scores(vectors, source_ids)

    def against_sources(augmenter: str) -> float:
        compared = ~synthetic | (augmenters == augmenter)
        return auc(scores[compared], synthetic[compared])

    by_augmenter = {str(a): against_sources(a) for a in np.unique(augmenters[synthetic])}
    figures = {
        "auc": auc(scores, synthetic),
        "by_augmenter": by_augmenter,
        "sources": int((~synthetic).sum()),
        "variants": int(synthetic.sum()),
    }
    return Judge(model, figures)


def sample_sources(recipe: Recipe, items: list[WorkItem], size: int = SAMPLE) -> pa.RecordBatch:
    """At most `size` sources that are augmented, in equal parts from the corpora, sorted by id.

    Of a large corpus only the beginning is read, unless the splits are stratified. Ids are hashes,
    so the smallest are a random sample of what was read.
    """
    share = max(1, size // len(recipe.corpus))
    sampled, strata = {}, None
    if recipe.splits.stratify:  # for which all rows must be seen
        batches = (part.batch for item in items for part in read(item, recipe.task))
        strata = strata_of(batches, recipe.splits.fractions())
    for corpus in recipe.corpus:
        own = [item for item in items if item.spec.name == corpus.name]
        rows = {row["id"]: row for row in _beginning(recipe, own, share * SEEN_PER_SOURCE, strata)}
        sampled |= {i: rows[i] for i in heapq.nsmallest(share, rows)}
    if not sampled:
        splits = ", ".join(recipe.augment.splits)
        raise MashbillError(
            f"no source example in {splits}, so the discriminator cannot be trained"
        )
    return pa.RecordBatch.from_pylist([sampled[i] for i in sorted(sampled)], schema=EXAMPLES)


def _beginning(
    recipe: Recipe, items: list[WorkItem], rows: int, strata: Strata | None
) -> Iterator[dict[str, Any]]:
    for item in items:
        for part in read(item, recipe.task):
            fractions, labelled = recipe.splits.fractions(), recipe.labelled_shares()
            identified = identify(part.batch, fractions, labelled, strata)
            for row in identified.to_pylist():
                if row["split"] in recipe.augment.splits:
                    yield row
            rows -= part.batch.num_rows
            if rows <= 0:
                return


def _variants(recipe: Recipe, sources: pa.RecordBatch) -> pa.RecordBatch:
    """The sources and, after them, their variants."""
    augment = recipe.augment
    methods = recipe.methods()
    statistics = statistics_of([sources], recipe.task, recipe.language)
    augmenters = {i: bind(m.augmenter(), statistics) for i, m in enumerate(methods)}
    shares, none = [method.share for method in methods], np.empty(0, np.uint64)
    unmade = "redrawn" if augment.redraw else "lost"
    maker = Maker(augmenters, augment.fields, none, recipe.seed, shares, unmade, recipe.task)
    rows = list(enumerate(sources.column("source_id").to_pylist()))
    jobs = assign(rows, augment.copy_numbers, shares, recipe.seed)
    return maker.make(sources, jobs).batch
