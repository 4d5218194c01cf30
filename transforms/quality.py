"""What augmenters did to labelled texts, as figures: from lists, or from the rows of a data set."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mashbill.transforms.augmenters.statistics import words_of
from mashbill.transforms.examples import ORIGINAL
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE


class Quality(NamedTuple):
    """Figures of some variants; None where nothing tells.

    Attributes:
        variants: how many there are.
        labelled: those with a gold label, over which the next two count.
        right: share whose teacher label is the gold label.
        source_right: the same share of their sources, one for each variant.
        similarity: mean cosine of variant and source.
        distinct_2: different bigrams over all bigrams; it falls as texts get more.
    """

    variants: int
    labelled: int
    right: float | None
    source_right: float | None
    similarity: float | None
    distinct_2: float


def quality(
    texts: Sequence[str],
    gold: Sequence[int | None],
    teacher: Sequence[int],
    source_teacher: Sequence[int],
    similarities: Sequence[float | None] = (),
    language: str = DEFAULT_LANGUAGE,
) -> Quality:
    """Figures of the variants `texts`; all sequences are as long, but for no `similarities`.

    Args:
        gold: class of the source, None where it has none.
        teacher, source_teacher: class that the teacher gives the variant, and its source.
        language: of the texts.
    """
    rows = list(zip(gold, teacher, source_teacher, strict=True))
    labelled = [row for row in rows if row[0] is not None]
    known = [value for value in similarities if value is not None]
    return Quality(
        variants=len(texts),
        labelled=len(labelled),
        right=_mean([label == answer for label, answer, _ in labelled]),
        source_right=_mean([label == answer for label, _, answer in labelled]),
        similarity=_mean(known),
        distinct_2=distinct_2(texts, language),
    )


def by_augmenter(table: pa.Table, language: str = DEFAULT_LANGUAGE) -> dict[str, Quality]:
    """Figures of each augmenter's variants in a data set, or in some of its shards.

    Args:
        table: columns source_id, text, label, augmenter, teacher_label, and perhaps similarity;
            a variant without its source is left out.
        language: of the texts.
    """
    place = table.column_names.index("augmenter")
    table = table.set_column(place, "augmenter", table["augmenter"].cast(pa.string()))
    is_source = pc.equal(table["augmenter"], ORIGINAL)
    sources, variants = table.filter(is_source), table.filter(pc.invert(is_source))
    # a join would do too, but takes a hundred megabytes for any number of rows
    place = pc.index_in(variants["source_id"], sources["source_id"].combine_chunks())
    variants = variants.filter(place.is_valid())
    answers = sources["teacher_label"].combine_chunks().take(place.drop_null().combine_chunks())
    variants = variants.append_column("source_teacher", answers)
    qualities = {}
    for name in sorted(variants["augmenter"].unique().to_pylist()):
        rows = variants.filter(pc.equal(variants["augmenter"], name))
        columns = ["text", "label", "teacher_label", "source_teacher"]
        if "similarity" in rows.column_names:
            columns.append("similarity")
        lists = (rows[column].to_pylist() for column in columns)
        qualities[name] = quality(*lists, language=language)
    return qualities


def distinct_2(texts: Sequence[str], language: str = DEFAULT_LANGUAGE) -> float:
    """Different bigrams over all bigrams (Li et al. 2016); 0 where there are none."""
    bigrams = [pair for words in words_of(texts, language) for pair in pairwise(words)]
    return len(set(bigrams)) / len(bigrams) if bigrams else 0.0


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
