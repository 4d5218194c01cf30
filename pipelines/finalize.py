"""`mashbill finalize`: what follows the writes, from nothing but what lies in the output folder."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
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
from mashbill.pipelines.summary import written
from mashbill.pipelines.whole import check_files
from mashbill.transforms.contract import Contract, check_losses
from mashbill.transforms.credentials import check_credentials
from mashbill.transforms.examples import SPLITS
from mashbill.transforms.files import exists, names_in, read_bytes
from mashbill.transforms.layout import rejects_path
from mashbill.transforms.ledger import nested

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
    check_credentials("the data set", out, writes=True)
    state = read_state(out)
    if state is None:
        raise MashbillError(f"{out}: not the output of a mashbill run")
    shards = state["settings"]["shards"]
    markers = read_markers(out, shards)
    flat, stages = total_counts(markers), contracts_of(out, state["about"])
    fingerprint = state["about"]["fingerprint"]
    problems = [*check_counts(flat, stages), *check_files(out, shards, markers, fingerprint)]
    if problems:
        raise MashbillError("\n  ".join([f"{out}: the counts do not add up:", *problems]))
    counts, names = nested(flat), (*(stage.name for stage in stages), "write")
    run = {
        **state["about"],
        "counts": {name: counts[name] for name in names if name in counts},
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


def contracts_of(out: str, about: Mapping[str, Any]) -> list[Contract]:
    """What the stages of the run declare; raises MashbillError where it says nothing of them."""
    if "stages" not in about:
        raise MashbillError(f"{out}: written by an earlier version of mashbill; generate it again")
    return [Contract.from_json(one) for one in about["stages"]]


def check_counts(counts: Counter, stages: Sequence[Contract]) -> Iterator[str]:
    """A line for every place where rows went missing or came from nowhere.

    Args:
        counts: of all shards.
        stages: of the run, in order; the first is that which reads.
    """

    def total(*names: str) -> int:
        return sum(counts[name] for name in names)

    yield from check_losses(stages, counts)
    for stage, before in zip(stages, (None, *stages), strict=False):
        name, came = stage.name, "rows" if before is None else "in"
        if before is not None:
            yield from _balance(
                f"{before.name} -> {name}", counts[f"{before.name}/out"], counts[f"{name}/in"]
            )
        yield from _check_parts(counts, name, "by_corpus", (came, "rejected"))
        if stage.makes:
            yield from _check_draws(counts, stage)
        else:
            yield from _check_filters(counts, stage)
        yield from _balance(
            f"{name}: {' + '.join([came, *['variants'] * stage.makes])} = "
            f"{' + '.join(['out', *stage.loses])}",
            total(f"{name}/{came}", f"{name}/variants"),
            total(f"{name}/out", *(f"{name}/{why}" for why in stage.loses)),
        )
    names = [stage.name for stage in stages]
    rejected = total(*(f"{name}/rejected" for name in names))
    yield from _balance(
        "passed on = taken over",
        total(*(f"{name}/passed_on" for name in names)),
        total(*(f"{name}/taken_over" for name in names)),
    )
    kept = total(*(f"write/{split}" for split in SPLITS))
    yield from _balance(f"{names[-1]} -> write", counts[f"{names[-1]}/out"], kept)
    yield from _balance(
        "write: by_augmenter", _parts(counts, "write", "by_augmenter", "rows"), kept
    )
    yield from _balance("rejects counted = rejects written", rejected, counts["write/rejects"])


def _balance(what: str, there: int, here: int) -> Iterator[str]:
    if there != here:
        yield f"{what}: {there} != {here}"


def _check_filters(counts: Counter, stage: Contract) -> Iterator[str]:
    """That augmenters together lost what the stage dropped, and no more labels were kept than
    judged."""
    if _parts(counts, stage.name, "by_augmenter", "in"):
        dropped = [why for why in stage.loses if why.startswith("dropped/")]
        yield from _check_parts(counts, stage.name, "by_augmenter", ("in", *dropped))
    start, end = f"{stage.name}/by_augmenter/", "/label_kept"
    for name in (k for k in counts if k.startswith(start) and k.endswith(end)):
        one = name.removesuffix(end)
        if not counts[name] <= counts[f"{one}/judged"] <= counts[f"{one}/in"]:
            yield f"{one}: expected label_kept <= judged <= in"


def _parts(counts: Counter, stage: str, group: str, what: str) -> int:
    """The sum over a group, such as all corpora."""
    start, end = f"{stage}/{group}/", f"/{what}"
    return sum(v for k, v in counts.items() if k.startswith(start) and k.endswith(end))


def _check_parts(counts: Counter, stage: str, group: str, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        parts = _parts(counts, stage, group, name)
        yield from _balance(f"{stage}: {group}: {name}", parts, counts[f"{stage}/{name}"])


def _check_draws(counts: Counter, contract: Contract) -> Iterator[str]:
    """That each copy was made, is lost or goes on, and so with each draw of an augmenter."""
    stage, not_made = contract.name, contract.not_made

    def total(*names: str) -> int:
        return sum(counts[f"{stage}/{name}"] for name in names)

    yield from _balance(
        f"{stage}: requested + taken over = variants + {' + '.join(not_made)} + passed on",
        total("requested", "taken_over"),
        total("variants", *not_made, "passed_on"),
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
        came = sum(counts[f"{one}/{what}"] for what in ("variants", *not_made))
        yield from _balance(f"{one}: drawn = variants + lost", counts[name], came)


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
    return {stage: dict(of_stage.most_common(REASONS_KEPT)) for stage, of_stage in reasons.items()}
