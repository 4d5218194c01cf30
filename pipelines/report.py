"""report.html: one page, without network or scripts, that shows what a run made."""

import difflib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import yaml
from apache_beam.io.filesystems import FileSystems
from jinja2 import Environment, PackageLoader

from pipelines.summary import (
    balance,
    made_by,
    read_run,
    sample_rejects,
    sample_sources,
    stages,
    written,
)
from transforms.files import write_whole
from transforms.quality import Quality, by_augmenter

EXAMPLES_SHOWN = 20
SOURCES_MEASURED = 2000
WORST_SHOWN = 3
MEASURED = pa.schema(
    {
        **dict.fromkeys(("source_id", "text", "augmenter"), pa.string()),
        **dict.fromkeys(("label", "teacher_label"), pa.int64()),
        "similarity": pa.float32(),
    }
)
LABELS_SHOWN = 4
LONGEST_SHOWN = 1500
TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


def write_report(out: str) -> None:
    """Writes OUT/report.html from the other files of OUT, in bounded memory."""
    content = render(out, read_run(out)).encode("utf-8", "replace")
    write_whole(FileSystems.join(out, "report.html"), lambda file: file.write(content))


def render(out: str, run: Mapping[str, Any]) -> str:
    """The page; everything that a corpus, a file name or a recipe says is escaped."""
    environment = Environment(
        loader=PackageLoader("pipelines"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["json"] = lambda value: orjson.dumps(value).decode()
    splits, augmenters = balance(out, run["labels"])
    sampled = sample_sources(out, run, SOURCES_MEASURED)
    return environment.get_template("report.html").render(
        run=run,
        recipe=yaml.safe_dump(run["recipe"], sort_keys=False, allow_unicode=True),
        stages=stages(run["counts"]),
        written=written(run["counts"]),
        splits=splits,
        augmenters=augmenters,
        made=made_by(run["counts"]),
        examples=[_example(rows, run["labels"]) for rows in sampled[:EXAMPLES_SHOWN]],
        sampled=len(sampled),
        quality=_quality(sampled),
        extremes=_extremes(sampled),
        rejects=sample_rejects(out, run),
    )


def _quality(sampled: list[list[dict]]) -> dict[str, Quality]:
    """Figures of each augmenter's variants among sampled sources."""
    rows = [row for rows in sampled for row in rows]
    return by_augmenter(pa.Table.from_pylist(rows, MEASURED)) if rows else {}


def _extremes(sampled: list[list[dict]]) -> dict[str, list[tuple[float, list]]]:
    """For each augmenter its variants least and most like their sources: cosine, differences."""
    found: dict[str, list[tuple[float, dict, dict]]] = {}
    for source, *variants in sampled:
        for row in variants:
            if row.get("similarity") is not None:
                found.setdefault(row["augmenter"], []).append((row["similarity"], source, row))
    shown = {}
    for name, rows in sorted(found.items()):
        rows.sort(key=lambda row: row[0])
        some = rows[:WORST_SHOWN] + rows[max(WORST_SHOWN, len(rows) - WORST_SHOWN) :]
        shown[name] = [
            (similarity, list(map(difference, _texts(source), _texts(row))))
            for similarity, source, row in some
        ]
    return shown


def _example(rows: list[dict], labels: list[str]) -> dict[str, Any]:
    source, *variants = rows
    return {
        "texts": _texts(source),
        "corpus": source["corpus"],
        "label": None if source["label"] is None else labels[source["label"]],
        "soft": soft_label(source["teacher_logits"], labels),
        "variants": [
            {
                "augmenter": row["augmenter"],
                "similarity": row.get("similarity"),
                "differences": list(map(difference, _texts(source), _texts(row))),
                "soft": soft_label(row["teacher_logits"], labels),
            }
            for row in variants
        ],
    }


def _texts(row: Mapping[str, Any]) -> list[str]:
    texts = (row.get(name) for name in ("text", "text_pair"))
    return [_cut(text) for text in texts if text is not None]


def soft_label(logits: list[float], labels: list[str]) -> list[tuple[str, float]]:
    """Labels with their probabilities at temperature 1; of many labels, the likeliest."""
    scores = np.exp(np.array(logits) - max(logits))
    shares = list(zip(labels, (scores / scores.sum()).tolist(), strict=True))
    if len(shares) <= LABELS_SHOWN:
        return shares
    return sorted(shares, key=lambda share: -share[1])[:LABELS_SHOWN]


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


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " …"
