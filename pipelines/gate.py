"""What a finished run must hold: a run that lost too much fails, and what it lost is said."""

from collections.abc import Iterator, Mapping
from typing import Any

from mashbill.pipelines.draws import Draws, draws
from mashbill.pipelines.summary import stages

TRUNCATED_SHARE = 0.01  # of the source examples, from which on there is a warning
LOST_SHARE = 0.5  # of an augmenter's draws, beyond which there is a warning


def lossy_corpora(run: Mapping[str, Any], max_rejects: float) -> Iterator[str]:
    """A line for each corpus, and each stage, that made rejects of more than `max_rejects`.

    Reading and deduplication count as one stage, since both judge the rows of the corpus.
    """
    counts = run["counts"]
    for corpus, counted in counts["read"].get("by_corpus", {}).items():
        later = counts.get("deduplicate", {}).get("by_corpus", {}).get(corpus, {})
        rejected = counted.get("rejected", 0) + later.get("rejected", 0)
        if rejected > max_rejects * counted.get("rows", 0):
            yield f"{corpus}: {_share(rejected, counted['rows'], 'rows')} are rejects"
    for stage, of_stage in counts.items():
        if stage in ("read", "deduplicate", "write"):
            continue
        for corpus, counted in of_stage.get("by_corpus", {}).items():
            whole, unit = counted.get("in", 0), "rows"
            if "requested" in of_stage:
                whole = counted.get("requested", 0) + counted.get("taken_over", 0)
                unit = "variants"
            if (rejected := counted.get("rejected", 0)) > max_rejects * whole:
                yield f"{corpus}: {stage}: {_share(rejected, whole, unit)} are rejects"


def missing(run: Mapping[str, Any]) -> Iterator[str]:
    """A line for what was asked for and is not there at all: rows of train, or variants."""
    counts, recipe = run["counts"], run["recipe"]
    adds = recipe["output"].get("adds_to") is not None
    if _gives_train(recipe) and not adds and not counts["write"].get("train"):
        yield f"no train row was written: {_lost(counts)}"
    asked = sum(stage.get("requested", 0) for stage in counts.values())
    if asked and not sum(drawn.written for drawn in draws(counts).values()):
        yield f"no variant was written, though {asked:,} were requested: {_lost(counts)}"


def warnings(counts: Mapping[str, Any]) -> Iterator[str]:
    """A line for each augmenter that gave fewer variants than `LOST_SHARE` lets pass, and one where
    texts go on beyond the teacher's window."""
    for augmenter, drawn in draws(counts).items():
        if drawn.drawn - drawn.written > LOST_SHARE * drawn.drawn:
            yield f"{augmenter}: {_explain(drawn)}"
    cut, whole = counts.get("annotate", {}).get("truncated", 0), _sources(counts)
    if cut and cut >= TRUNCATED_SHARE * whole:
        yield (
            "the teacher reads only the beginning of "
            f"{_share(cut, whole, 'source examples')}: they are longer than "
            "teacher.max_length tokens, or than its model allows (teacher.windows reads "
            "the rest)"
        )


def _sources(counts: Mapping[str, Any]) -> int:
    return counts.get("deduplicate", {}).get("out", 0)


def _gives_train(recipe: Mapping[str, Any]) -> bool:
    fixed = {corpus.get("split") for corpus in recipe["corpus"]}
    return "train" in fixed or (None in fixed and recipe["splits"]["train"] > 0)


def _lost(counts: Mapping[str, Any]) -> str:
    """Where rows and copies went."""
    where = [
        f"{stage.name} {why} {rows:,}"
        for stage in stages(counts)
        for why, rows in stage.lost.items()
    ]
    rows = f"{counts['read'].get('rows', 0):,} rows read"
    return f"{rows}; lost: {', '.join(where)}" if where else f"{rows}, none of them lost"


def _explain(draws_of: Draws) -> str:
    lost = {**draws_of.lost, "later stages": draws_of.made - draws_of.written}
    reasons = ", ".join(f"{why} {number:,}" for why, number in lost.items() if number)
    return f"{draws_of.written:,} of its {draws_of.drawn:,} draws gave a row; lost: {reasons}"


def _share(part: int, whole: int, unit: str) -> str:
    return f"{part} of {whole} {unit} ({part / whole if whole else 1:.1%})"
