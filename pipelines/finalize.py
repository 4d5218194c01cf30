"""`mashbill finalize`: what follows the writes, from nothing but what lies in the output folder."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from mashbill.models.errors import MashbillError
from mashbill.pipelines.card import card
from mashbill.pipelines.discriminator import read_discriminator
from mashbill.pipelines.gate import lossy_corpora, missing, warnings
from mashbill.pipelines.output import (
    read_markers,
    read_state,
    remove_temporary_files,
    round_folder,
    rounds_of,
    write_page,
)
from mashbill.pipelines.report import write_report
from mashbill.pipelines.summary import UNMADE, written
from mashbill.transforms.examples import SPLITS
from mashbill.transforms.files import exists, names_in, read_bytes
from mashbill.transforms.layout import fingerprint_of, rejects_path, split_path

STAGES = (
    "deduplicate",
    "augment",
    "augment_model",
    "similarity",
    "annotate",
    "teacher_filter",
    "variants_only",
)
REASONS_KEPT = 10


class Finished(NamedTuple):
    """A run and what is wrong with it; see `gate`.

    Attributes:
        run: what `run.json` holds.
        too_many_rejects: a line for each corpus and stage with more of them than may be.
        missing: a line for what is not there at all.
    """

    run: dict[str, Any]
    too_many_rejects: list[str]
    missing: list[str]


def finalize(out: str, max_rejects: float = 0.01) -> Finished:
    """Writes `run.json`, the card and the report of a data set whose shards are all there.

    Args:
        out: the output folder.
        max_rejects: the share of a corpus's rows that each stage may make rejects of.

    Raises:
        MashbillError: no run, shards missing, or counts that do not add up.
    """
    state = read_state(out)
    if state is None:
        raise MashbillError(f"{out}: holds no run of mashbill's")
    shards = state["settings"]["shards"]
    markers = read_markers(out, shards)
    flat = total_counts(markers)
    fingerprint = state["about"]["fingerprint"]
    problems = [*check_counts(flat), *check_files(out, shards, markers, fingerprint)]
    if problems:
        raise MashbillError("\n  ".join([f"{out}: the counts do not add up:", *problems]))
    counts = nested(flat)
    run = {
        **state["about"],
        "counts": {stage: counts[stage] for stage in ("read", *STAGES, "write") if stage in counts},
        "timings": {k: v for k, v in counts.items() if k.endswith("seconds")},
        "rejects": reject_reasons(out, shards),
        "warnings": list(warnings(counts)),
    }
    if (judge := read_discriminator(out)) is not None:
        run["discriminator"] = judge.figures
    write_page(out, "run.json", orjson.dumps(run, option=orjson.OPT_INDENT_2))
    write_page(out, "README.md", card(run, _rows_of_rounds(out)).encode())
    write_report(out)
    remove_temporary_files(out)
    return Finished(run, list(lossy_corpora(run, max_rejects)), list(missing(run)))


def _rows_of_rounds(out: str) -> dict[int, dict[str, int]]:
    """Split to rows, for each finished round that has added to the data set."""
    rows = {}
    for number in rounds_of(out):
        path = FileSystems.join(round_folder(out, number), "run.json")
        if exists(path):
            rows[number] = written(orjson.loads(read_bytes(path))["counts"])
    return rows


def total_counts(markers: Iterable[Mapping[str, Any]]) -> Counter:
    """Sums what the shards counted; whole numbers become ints."""
    counts: Counter = Counter()
    for marker in markers:
        counts.update(marker["counts"])
        counts.update({f"write/{split}": rows for split, rows in marker["rows"].items()})
        counts["write/rejects"] += marker["rejects"]
    return Counter(
        {k: v if k.startswith(("seconds", "forward")) else int(v) for k, v in counts.items()}
    )


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`{"a/b": 1}` to `{"a": {"b": 1}}`."""
    tree: dict[str, Any] = {}
    for path, value in sorted(flat.items()):
        *parents, last = path.split("/")
        here = tree
        for parent in parents:
            here = here.setdefault(parent, {})
        here[last] = value
    return tree


def check_counts(counts: Counter) -> Iterator[str]:
    """A line for every place where rows went missing or came from nowhere."""

    def total(*names: str) -> int:
        return sum(counts[name] for name in names)

    yield from _balance(
        "read: rows = read on + blank + rejected",
        counts["read/rows"],
        total("read/out", "read/blank", "read/rejected"),
    )
    yield from _check_parts(counts, "read", "by_corpus", ("rows", "rejected"))
    before = "read"
    rejected = counts["read/rejected"]
    for stage in STAGES:
        if f"{stage}/in" not in counts:
            continue
        yield from _balance(f"{before} -> {stage}", counts[f"{before}/out"], counts[f"{stage}/in"])
        yield from _check_parts(counts, stage, "by_corpus", ("in", "rejected"))
        made, gone = counts[f"{stage}/variants"], 0
        if stage.startswith("augment"):
            yield from _check_draws(counts, stage)
        else:
            gone = _dropped(counts, stage) + counts[f"{stage}/rejected"]
        yield from _balance(
            f"{stage}: in + variants = out + dropped + rejected",
            counts[f"{stage}/in"] + made,
            counts[f"{stage}/out"] + gone,
        )
        rejected += counts[f"{stage}/rejected"]
        before = stage
    yield from _balance(
        "passed on = taken over",
        total(*(f"{stage}/passed_on" for stage in STAGES)),
        total(*(f"{stage}/taken_over" for stage in STAGES)),
    )
    kept = total(*(f"write/{split}" for split in SPLITS))
    yield from _balance(f"{before} -> write", counts[f"{before}/out"], kept)
    yield from _balance(
        "write: by_augmenter", _parts(counts, "write", "by_augmenter", "rows"), kept
    )
    yield from _balance("rejects: counted and written", rejected, counts["write/rejects"])


def _balance(what: str, there: int, here: int) -> Iterator[str]:
    if there != here:
        yield f"{what}: {there} is not {here}"


def _dropped(counts: Counter, stage: str) -> int:
    return sum(v for k, v in counts.items() if k.startswith(f"{stage}/dropped/"))


def _parts(counts: Counter, stage: str, group: str, what: str) -> int:
    """The sum over a group, such as all corpora."""
    start, end = f"{stage}/{group}/", f"/{what}"
    return sum(v for k, v in counts.items() if k.startswith(start) and k.endswith(end))


def _check_parts(counts: Counter, stage: str, group: str, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        parts = _parts(counts, stage, group, name)
        yield from _balance(f"{stage}: {group}: {name}", parts, counts[f"{stage}/{name}"])


def _check_draws(counts: Counter, stage: str) -> Iterator[str]:
    """That each copy was made, is lost or goes on, and so with each draw of an augmenter."""

    def total(*names: str) -> int:
        return sum(counts[f"{stage}/{name}"] for name in names)

    yield from _balance(
        f"{stage}: requested + taken over = variants + exhausted + held out + rejected + passed on",
        total("requested", "taken_over"),
        total("variants", *UNMADE, "passed_on"),
    )
    yield from _check_parts(counts, stage, "by_corpus", ("requested", "taken_over"))
    yield from _check_parts(counts, stage, "by_augmenter", ("variants", "rejected"))
    drawn = _parts(counts, stage, "by_augmenter", "drawn")
    yield from _balance(
        f"{stage}: drawn = requested + redrawn", drawn, total("requested", "redrawn")
    )
    start, end = f"{stage}/by_augmenter/", "/drawn"
    for name in (k for k in counts if k.startswith(start) and k.endswith(end)):
        one = name.removesuffix(end)
        came = sum(counts[f"{one}/{what}"] for what in ("variants", *UNMADE))
        yield from _balance(f"{one}: drawn = variants + what is lost", counts[name], came)


def check_files(
    out: str, shards: int, markers: Iterable[Mapping[str, Any]], fingerprint: str
) -> Iterator[str]:
    """A line for every file that is not there, holds another number of rows than was written, or
    was written by a run of another fingerprint."""
    for marker in markers:
        for split, rows in marker["rows"].items():
            path = split_path(out, split, marker["shard"], shards)
            try:
                with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
                    parquet = pq.ParquetFile(file)
                    found, writer = parquet.metadata.num_rows, fingerprint_of(parquet.schema_arrow)
            except (OSError, BeamIOError, pa.ArrowException) as error:
                yield f"{path}: cannot be read: {error}"
                continue
            if found != rows:
                yield f"{path}: {found} rows, written were {rows}"
            if writer != fingerprint:
                yield f"{path}: written by the run {writer}, not {fingerprint}"


def reject_reasons(out: str, shards: int) -> dict[str, dict[str, int]]:
    """Stage to reason to number, the most frequent reasons of each stage."""
    reasons: dict[str, Counter] = {}
    held = set(names_in(FileSystems.join(out, "rejects")))
    for path in (rejects_path(out, shard, shards) for shard in range(shards)):
        if path not in held:
            continue
        for line in read_bytes(path).splitlines():
            reject = orjson.loads(line)
            reasons.setdefault(reject["stage"], Counter())[reject["reason"]] += 1
    return {stage: dict(found.most_common(REASONS_KEPT)) for stage, found in reasons.items()}
