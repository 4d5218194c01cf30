"""Source examples with their variants, as the page shows them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from mashbill.models.tasks.base import Task
from mashbill.pipelines.report.marks import pieces
from mashbill.transforms.augmenters.edits import Edit, aligned

LABELS_SHOWN = 4
LONGEST_SHOWN = 1500
LETTERS_SHOWN = 600_000  # of all examples together: the page must stay small enough to mail
EXTREMES_SHOWN = 3

Difference = list[tuple[str, str]]


def examples(sampled: Sequence[Sequence[dict]], task: Task, most: int) -> Iterator[dict[str, Any]]:
    """The first of the samples, each a source with its variants, as far as the page has room."""
    room = LETTERS_SHOWN
    for rows in sampled[:most]:
        room -= sum(min(LONGEST_SHOWN, len(text)) for row in rows for text in _texts(row))
        if room < 0:
            return
        yield _example(rows, task)


def _example(rows: Sequence[dict], task: Task) -> dict[str, Any]:
    source, *variants = rows
    marked = pieces(cut(source["text"]), task.marks(source["label"]))
    return {
        "texts": _texts(source),
        "marked": marked if any(task.marks(source["label"])) else [],
        "corpus": source["corpus"],
        "label": None if source["label"] is None else task.show(source["label"]),
        "soft": soft_label(source["teacher_logits"], task),
        "disagrees": _disagrees(task, source, source),
        "variants": [
            {
                "augmenter": row["augmenter"],
                "similarity": row.get("similarity"),
                "differences": _differences(source, row),
                "marked": pieces(cut(row["text"]), task.marks(row["label"]), marked),
                "soft": soft_label(row["teacher_logits"], task),
                "disagrees": _disagrees(task, source, row),
            }
            for row in variants
        ],
    }


def _disagrees(task: Task, source: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether the teacher says something else of a row than its gold label or, without one, than
    what it says of the source."""
    answer = task.stored_answer_type
    of_source, said = (task.gold(pa.array([one["teacher_label"]], answer)) for one in (source, row))
    texts, label = pa.array([row["text"]]), pa.array([row["label"]], task.stored_type)
    gold = task.gold_of(pa.table({"text": texts, "label": label}))
    return not task.agree(task.expected(gold, of_source), said)[0]


def extremes(sampled: Sequence[Sequence[dict]]) -> dict[str, list[tuple[float, list[Difference]]]]:
    """For each augmenter its variants least and most like their sources: cosine, differences."""
    ranked: dict[str, list[tuple[float, dict, dict]]] = {}
    for source, *variants in sampled:
        for row in variants:
            if row.get("similarity") is not None:
                ranked.setdefault(row["augmenter"], []).append((row["similarity"], source, row))
    shown = {}
    for augmenter, rows in sorted(ranked.items()):
        rows.sort(key=lambda row: row[0])
        most = rows[max(EXTREMES_SHOWN, len(rows) - EXTREMES_SHOWN) :]
        shown[augmenter] = [
            (similarity, _differences(source, row))
            for similarity, source, row in rows[:EXTREMES_SHOWN] + most
        ]
    return shown


def _texts(row: Mapping[str, Any]) -> list[str]:
    texts = (row.get(name) for name in ("text", "text_pair"))
    return [cut(text) for text in texts if text is not None]


def _differences(source: Mapping[str, Any], row: Mapping[str, Any]) -> list[Difference]:
    """Of both texts, by the edits that made them where these are known and nothing is cut."""
    edits = row.get("edits", {})
    return [
        difference(
            cut(source[field]), cut(row[field]), None if _is_cut(source, row, field) else known
        )
        for field, known in ((field, edits.get(field)) for field in ("text", "text_pair"))
        if row.get(field) is not None
    ]


def _is_cut(source: Mapping[str, Any], row: Mapping[str, Any], field: str) -> bool:
    return max(len(source[field]), len(row[field])) > LONGEST_SHOWN


def soft_label(logits: Sequence[float], task: Task) -> list[tuple[str, float, str]]:
    """`Task.bars` at temperature 1; of many labels, the likeliest."""
    bars = task.bars(logits)
    if len(bars) <= LABELS_SHOWN:
        return bars
    return sorted(bars, key=lambda bar: -bar[1])[:LABELS_SHOWN]


def difference(source: str, variant: str, edits: Sequence[Edit] | None = None) -> Difference:
    """The variant cut into ("same" | "del" | "ins", text); word by word without its edits."""
    pieces, place = [], 0
    for start, end, replacement in aligned(source, variant) if edits is None else edits:
        pieces += [("same", source[place:start]), ("del", source[start:end]), ("ins", replacement)]
        place = end
    return [piece for piece in (*pieces, ("same", source[place:])) if piece[1]]


def cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " …"
