"""report.html: one page, without network or scripts, that shows what a run made."""

import difflib
import heapq
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from apache_beam.io.filesystems import FileSystems
from jinja2 import Environment, PackageLoader, select_autoescape

from models.errors import MashbillError
from transforms.examples import ORIGINAL, seed_of
from transforms.files import names_in, read_bytes, write_whole
from transforms.streams import open_plain

EXAMPLES_SHOWN = 20
REJECTS_SHOWN = 20
LONGEST_SHOWN = 1500
TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


def read_run(out: str) -> dict[str, Any]:
    """What `run.json` holds; raises MashbillError where there is none."""
    path = FileSystems.join(out, "run.json")
    if not FileSystems.exists(path):
        raise MashbillError(f"{out}: no run.json; is it a finished data set? (mashbill finalize)")
    return orjson.loads(read_bytes(path))


def write_report(out: str) -> None:
    """Writes OUT/report.html from the other files of OUT, in bounded memory."""
    run = read_run(out)
    environment = Environment(
        loader=PackageLoader("pipelines"),
        autoescape=select_autoescape(),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html").render(
        run=run,
        recipe=yaml.safe_dump(run["recipe"], sort_keys=False, allow_unicode=True),
        balance=balance(out, run["labels"]),
        examples=examples(out, run),
        rejects=rejects(out),
    )
    content = page.encode("utf-8", "replace")
    write_whole(FileSystems.join(out, "report.html"), lambda file: file.write(content))


def batches(out: str, columns: list[str] | None = None) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Every row of the data set in batches, each with the name of its split."""
    for path in names_in(FileSystems.join(out, "data")):
        split = FileSystems.split(path)[1].split("-")[0]
        with open_plain(path) as file:
            for batch in pq.ParquetFile(file).iter_batches(columns=columns):
                yield split, batch


def balance(out: str, labels: list[str]) -> list[dict[str, Any]]:
    """For each augmenter: rows, rows by gold label, and how often the teacher says the same."""
    rows: Counter = Counter()
    by_label: Counter = Counter()
    agreed: Counter = Counter()
    for _, batch in batches(out, ["augmenter", "label", "teacher_label"]):
        columns = (batch.column(i).to_pylist() for i in range(3))
        for augmenter, label, teacher in zip(*columns, strict=True):
            rows[augmenter] += 1
            if label is not None:
                by_label[augmenter, label] += 1
                agreed[augmenter] += label == teacher
    found = []
    for augmenter in sorted(rows, key=lambda name: (name != ORIGINAL, name)):
        shares = {name: by_label[augmenter, i] for i, name in enumerate(labels)}
        gold = sum(shares.values())
        agreement = agreed[augmenter] / gold if gold else None
        found.append(
            {
                "augmenter": augmenter,
                "rows": rows[augmenter],
                "labels": {**shares, "none": rows[augmenter] - gold},
                "agreement": agreement,
            }
        )
    return found


def examples(out: str, run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sources drawn by the run's seed, each with its variants, their edits and soft labels."""
    splits = run["recipe"].get("augment", {}).get("splits", ["train"])

    def keys() -> Iterator[tuple[int, str]]:
        for split, batch in batches(out, ["source_id", "copy"]):
            if split in splits:
                sources = batch.filter(pc.equal(batch.column("copy"), 0)).column("source_id")
                yield from ((seed_of(run["seed"], i, "report", 0), i) for i in sources.to_pylist())

    chosen = [source_id for _, source_id in heapq.nsmallest(EXAMPLES_SHOWN, keys())]
    wanted = pa.array(chosen, pa.string())
    found: dict[str, list[dict]] = {source_id: [] for source_id in chosen}
    for split, batch in batches(out):
        kept = batch.filter(pc.is_in(batch.column("source_id"), wanted))
        for row in kept.to_pylist():
            found[row["source_id"]].append({**row, "split": split})
    return [_example(rows, run["labels"]) for rows in found.values() if rows]


def _example(rows: list[dict], labels: list[str]) -> dict[str, Any]:
    source, *variants = sorted(rows, key=lambda row: row["copy"])
    return {
        "text": _cut(source["text"]),
        "text_pair": _cut(source.get("text_pair") or ""),
        "corpus": source["corpus"],
        "label": None if source["label"] is None else labels[source["label"]],
        "soft": soft_label(source["teacher_logits"], labels),
        "variants": [
            {
                "augmenter": row["augmenter"],
                "similarity": row.get("similarity"),
                "difference": difference(_cut(source["text"]), _cut(row["text"])),
                "soft": soft_label(row["teacher_logits"], labels),
            }
            for row in variants
        ],
    }


def soft_label(logits: list[float], labels: list[str]) -> list[tuple[str, float]]:
    """Each label with its probability at temperature 1."""
    scores = np.exp(np.array(logits) - max(logits))
    return list(zip(labels, (scores / scores.sum()).tolist(), strict=True))


def difference(source: str, variant: str) -> list[tuple[str, str]]:
    """The variant cut into ("same" | "del" | "ins", text); word by word."""
    left, right = TOKEN.findall(source), TOKEN.findall(variant)
    pieces = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, left, right, False).get_opcodes():
        if kind == "equal":
            pieces.append(("same", "".join(left[a:b])))
            continue
        pieces += [("del", "".join(left[a:b]))] if b > a else []
        pieces += [("ins", "".join(right[c:d]))] if d > c else []
    return pieces


def rejects(out: str) -> list[dict[str, Any]]:
    """Some rejects, at most three for each reason."""
    shown: list[dict[str, Any]] = []
    seen: Counter = Counter()
    for path in names_in(FileSystems.join(out, "rejects")):
        for line in read_bytes(path).splitlines():
            reject = orjson.loads(line)
            seen[reject["reason"]] += 1
            if seen[reject["reason"]] <= 3 and len(shown) < REJECTS_SHOWN:
                shown.append(reject)
    return shown


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " …"
