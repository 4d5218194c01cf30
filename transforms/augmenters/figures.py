"""What was measured of each augmenter, and which rate that makes its default.

The figures lie in figures.json, those of Chinese texts in figures-zh.json, where
benchmarks/augment_quality.py writes them: for each augmenter an example and, by rate, its figures
("" for one that has no rate).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.languages.registry import language_of

MOST_LOST = 0.02  # share of labels
# Of two texts that have nothing to do with each other, MiniLM's cosine is 0.22 in film reviews and
# e5's 0.87 in Chinese ones: both go 81 % of the way from there to 1.
LEAST_SIMILAR = {"en": 0.85, "zh": 0.975}

Figures = Mapping[str, Mapping[str, Any]]

OF_WHAT = {
    "en": """One variant of each text of the validation split of the labelled movie snippets, by
`benchmarks/augment_quality.py`. With 1,000 variants, a difference of one point may be chance;
with 100, one of three. The models ignore letter case and accents, so they cannot see `edit.case`
and `typo.diacritics`.
""",
    "zh": """One variant of each of 298 Chinese reviews of 8 to 64 tokens, by
`benchmarks/augment_quality.py --language zh`. The teacher has six layers of multilingual-e5-small
and has seen none of them; similarity is the whole encoder's. With 300 variants, a difference of two
points may be chance; with some twenty, as of Latin words, figures say little.
""",
}
_COLUMNS_TOLD = """
| column | meaning |
|---|---|
| variants | how many there are |
| right, sources; right, variants | share whose teacher label is the gold label |
| similarity | mean cosine of the sentence embeddings of variant and source |
| distinct-2 | distinct bigrams over all bigrams |
| edits | edits per variant |
| exhausted | share of texts in which there was nothing to change |
"""
_COLUMNS = {
    "variants": ("variants", ",d"),
    "source_right": ("right, sources", ".3f"),
    "right": ("right, variants", ".3f"),
    "similarity": ("similarity", ".3f"),
    "distinct_2": ("distinct-2", ".3f"),
    "edits": ("edits", ".2f"),
    "exhausted": ("exhausted", ".3f"),
}


def introduction(language: str) -> str:
    """Markdown: what was measured, and the rule of the default rates."""
    least = LEAST_SIMILAR[language]
    return f"""## Labels and meaning

{OF_WHAT[language]}{_COLUMNS_TOLD}
A default rate is the highest one measured that loses at most {100 * MOST_LOST:.0f} points of
right labels and keeps a similarity of {least} or more; if none does, the lowest one
measured. Rates above 0.1 were not measured for `typo.`, since people make fewer errors than that.
"""


def file_of(language: str) -> Path:
    return Path(__file__).with_name(
        "figures.json" if language == "en" else f"figures-{language}.json"
    )


def read(file: Path | None = None) -> dict[str, dict[str, Any]]:
    """What was measured, by default of English texts; empty where nothing was."""
    file = file or file_of("en")
    return json.loads(file.read_text("utf-8")) if file.is_file() else {}


def lost(measured: Mapping[str, float]) -> float:
    """Share of right labels that sources have and their variants have not."""
    return measured["source_right"] - measured["right"]


def best_rate(rates: Mapping[str, Mapping[str, float]], language: str = "en") -> float:
    """By the rule of the page."""
    fitting = [
        float(rate)
        for rate, at_rate in rates.items()
        if lost(at_rate) <= MOST_LOST and at_rate["similarity"] >= LEAST_SIMILAR[language]
    ]
    return max(fitting) if fitting else min(map(float, rates))


def default_rate(kind: type[Augmenter], language: str = "en") -> float | None:
    field = kind.model_fields.get("rate")
    return language_of(language).rates.get(kind.name, field.default) if field else None


def at_default(
    name: str, kind: type[Augmenter], figures: Figures, language: str = "en"
) -> Mapping[str, float] | None:
    """Figures at the default rate; None where these were not measured."""
    rate = default_rate(kind, language)
    return figures.get(name, {}).get("rates", {}).get("" if rate is None else str(rate))


def table(augmenters: Mapping[str, type[Augmenter]], figures: Figures, language: str = "en") -> str:
    """Markdown: figures at the default rates."""
    heads = " | ".join(head for head, _ in _COLUMNS.values())
    lines = [f"| augmenter | rate | {heads} |", "|---|---|" + "---|" * len(_COLUMNS)]
    for name, kind in augmenters.items():
        measured = at_default(name, kind, figures, language)
        cells = ["not measured", *[""] * (len(_COLUMNS) - 1)]
        if measured:
            cells = [format(measured[key], form) for key, (_, form) in _COLUMNS.items()]
        rate = default_rate(kind, language)
        lines.append(f"| `{name}` | {'' if rate is None else rate} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def rates_table(figures: Figures, language: str = "en") -> str:
    """Markdown: what each rate that was measured costs."""
    measured = {name: of_one["rates"] for name, of_one in figures.items()}
    several = {name: rates for name, rates in measured.items() if len(rates) > 1}
    columns = sorted({rate for rates in several.values() for rate in rates}, key=float)
    lines = [
        "Points of right labels lost, and similarity, by rate; the rate of the rule is bold:\n",
        f"| augmenter | {' | '.join(columns)} |",
        "|---|" + "---|" * len(columns),
    ]
    for name, rates in several.items():
        cells = {
            float(rate): f"{100 * lost(of_one):.1f}, {of_one['similarity']:.2f}"
            for rate, of_one in rates.items()
        }
        best = best_rate(rates, language)
        cells[best] = f"**{cells[best]}**"
        row = " | ".join(cells.get(float(rate), "") for rate in columns)
        lines.append(f"| `{name}` | {row} |")
    return "\n".join(lines) + "\n" if several else ""
