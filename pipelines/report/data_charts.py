"""Charts of the data set: from read to written, lengths, labels, augmenters, confidence."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import FuncFormatter, PercentFormatter

from mashbill.pipelines.draws import Draws
from mashbill.pipelines.report.charts import (
    COLOURS,
    HATCHES,
    INK,
    Chart,
    figure,
    legend_below,
    name,
    to_svg,
)
from mashbill.pipelines.report.distributions import KINDS, SHARES, WORDS
from mashbill.pipelines.summary import Group, Stage

KEPT, MADE, LOST = COLOURS[0], COLOURS[2], COLOURS[4]


def flow(stages: Sequence[Stage]) -> Chart:
    """Rows that go on from stage to stage as a band, with what joins them and what is lost."""
    known = [stage for stage in stages if stage.rows_in is not None and stage.rows_out is not None]
    about = "Rows from read to written, a bar for each stage; below the line, what is lost in it"
    # what was asked for and not made never was a row
    lost = [max(0, stage.rows_in + (stage.made or 0) - stage.rows_out) for stage in known]
    with figure(9, 3.4) as (chart, (axes,)):
        for place, stage in enumerate(known):
            carried = stage.rows_out - min(stage.made or 0, stage.rows_out)
            parts = ((0, carried, KEPT, ""), (carried, stage.rows_out - carried, MADE, "///"))
            for bottom, height, colour, hatch in parts:
                axes.bar(place, height, 0.5, bottom, color=colour, hatch=hatch, edgecolor="white")
            axes.bar(place, -lost[place], 0.5, color=LOST, hatch="xx", edgecolor="white")
            if place:
                before = known[place - 1].rows_out
                axes.fill_between(
                    [place - 0.75, place - 0.25], [before, carried], color=KEPT, alpha=0.25, lw=0
                )
            axes.text(place, stage.rows_out, f"{stage.rows_out:,}", ha="center", va="bottom")
            if lost[place]:
                axes.text(place, -lost[place], f"−{lost[place]:,}", ha="center", va="top")
        for label, colour, hatch in (
            ("go on", KEPT, ""),
            ("made here", MADE, "///"),
            ("lost here", LOST, "xx"),
        ):
            axes.bar(0, 0, color=colour, hatch=hatch, edgecolor="white", label=label)
        axes.set_xticks(range(len(known)), [name(stage.name).replace("_", " ") for stage in known])
        axes.axhline(0, color=INK, lw=0.8)
        axes.margins(y=0.15)
        axes.grid(axis="x", visible=False)
        _thousands(axes)
        legend_below(axes)
        svg = to_svg(chart, about)
    rows = [
        (
            stage.name,
            f"{stage.rows_in:,}",
            f"{stage.made or 0:,}",
            f"{gone:,}",
            f"{stage.rows_out:,}",
        )
        for stage, gone in zip(known, lost, strict=True)
    ]
    return Chart("From read to written", about, svg, ("stage", "in", "made", "lost", "out"), rows)


def lengths(words: Mapping[str, np.ndarray]) -> Chart:
    used = np.flatnonzero(sum(words.values()))
    first, last = (used[0], used[-1] + 1) if len(used) else (0, 1)
    labels = [_range(*WORDS[place : place + 2]) for place in range(first, last)]
    shown = {kind: words[kind][first:last] for kind in KINDS}
    about = "Share of the texts by number of words, source examples and variants"
    return _histogram("Lengths", about, shown, labels, "words")


def confidence(counts: Mapping[str, np.ndarray]) -> Chart:
    about = "Share of the rows by the teacher's highest probability, sources and variants"
    return _shares("Confidence of the teacher", about, counts, "probability")


def synthetic(counts: Mapping[str, np.ndarray], auc: float | None) -> Chart:
    """What the discriminator says; at an AUC of 0.5 it cannot tell variants from sources."""
    about = "Share of the rows by how synthetic they look to the discriminator"
    if auc is not None:
        about += f"; its AUC on held-out rows is {auc:.3f} (0.5: it cannot tell them apart)"
    return _shares("Real or synthetic", about, counts, "score")


def _shares(title: str, about: str, counts: Mapping[str, np.ndarray], unit: str) -> Chart:
    used = np.flatnonzero(sum(counts.values()))
    first = used[0] if len(used) else 0
    labels = [f"{low:.2f}–{high:.2f}" for low, high in zip(SHARES[first:], SHARES[first + 1 :])]  # noqa: B905
    return _histogram(title, about, {kind: counts[kind][first:] for kind in KINDS}, labels, unit)


def _histogram(
    title: str, about: str, counts: Mapping[str, np.ndarray], labels: Sequence[str], unit: str
) -> Chart:
    places = np.arange(len(labels))
    with figure(6.2, 3) as (chart, (axes,)):
        for i, kind in enumerate(KINDS):
            shares = counts[kind] / max(1, counts[kind].sum())
            axes.bar(
                places + (i - 0.5) * 0.42, shares, 0.42, label=kind, color=COLOURS[i],
                hatch=HATCHES[i], edgecolor="white",
            )  # fmt: skip
        step = -(-len(labels) // 10)
        axes.set_xticks(places[::step], labels[::step], rotation=30, ha="right")
        axes.set_xlabel(unit)
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        axes.grid(axis="x", visible=False)
        legend_below(axes)
        svg = to_svg(chart, about)
    rows = [
        (label, *(f"{counts[kind][place]:,}" for kind in KINDS))
        for place, label in enumerate(labels)
    ]
    return Chart(title, about, svg, (unit, *KINDS), rows)


def labels(counts: Mapping[str, Counter], names: Sequence[str], train: Mapping[str, int]) -> Chart:
    """Balance of the train split's gold labels before and after augmentation.

    Args:
        train: `sources` and `variants` to rows.
    """
    before = counts["sources"]
    after = before + counts["variants"]
    shown = [(name(label), before[i], after[i]) for i, label in enumerate(names)]
    shown.append(("no label", before[None], after[None]))
    shown = [row for row in shown if row[1] or row[2]]
    totals = {"before": train["sources"], "after": train["sources"] + train["variants"]}
    about = "Share of each gold label in the train split, before and after augmentation"
    with figure(6.2, 0.9 + 0.45 * max(1, len(shown))) as (chart, (axes,)):
        for i, (title, total) in enumerate(totals.items()):
            places = np.arange(len(shown)) + (i - 0.5) * 0.4
            values = [row[i + 1] / max(1, total) for row in shown]
            axes.barh(
                places,
                values,
                0.4,
                label=title,
                color=COLOURS[i],
                hatch=HATCHES[i],
                edgecolor="white",
            )
        axes.set_yticks(range(len(shown)), [row[0] for row in shown])
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        axes.grid(axis="y", visible=False)
        legend_below(axes)
        svg = to_svg(chart, about)
    rows = [(label, f"{first:,}", f"{second:,}") for label, first, second in shown]
    return Chart("Labels", about, svg, ("label", "before", "after"), rows)


def augmenters(groups: Sequence[Group], draws: Mapping[str, Draws]) -> Chart:
    """Variants by augmenter: those written, and those made and dropped."""
    made_by = {name: drawn.made for name, drawn in draws.items()}
    kept = {group.name: group.rows for group in groups if group.name in made_by}
    shown = sorted(made_by, key=lambda one: -made_by[one])
    about = "Variants by augmenter, written and dropped by a filter"
    with figure(6.2, 0.9 + 0.34 * max(1, len(shown))) as (chart, (axes,)):
        values = np.array([kept.get(one, 0) for one in shown])
        # a later round has kept what the first did not make
        dropped = np.maximum(0, np.array([made_by[one] for one in shown]) - values)
        places = np.arange(len(shown))
        axes.barh(places, values, 0.6, color=KEPT, label="written", edgecolor="white")
        axes.barh(
            places, dropped, 0.6, values, color=LOST, hatch="xx", label="dropped", edgecolor="white"
        )
        axes.set_yticks(places, [name(one) for one in shown])
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        _thousands(axes, "x")
        legend_below(axes)
        svg = to_svg(chart, about)
    rows = [(one, f"{made_by[one]:,}", f"{kept.get(one, 0):,}") for one in shown]
    return Chart("Variants by augmenter", about, svg, ("augmenter", "made", "written"), rows)


def _range(low: float, high: float) -> str:
    if np.isinf(high):
        return f"≥ {low:.0f}"
    return f"{low:.0f}" if high - low == 1 else f"{low:.0f}–{high - 1:.0f}"


def _thousands(axes, side: str = "y") -> None:
    axis = axes.yaxis if side == "y" else axes.xaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):,.0f}"))
