"""What all charts of the report share: size, colours that everybody can tell apart, SVG as text.

matplotlib draws them once, so that the page needs neither a network nor a script to show them. The
colours are those of Okabe and Ito 2008, "Color Universal Design"; lines also differ in dashes and
markers, areas in hatching.
"""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK = "#123456"  # a stand-in: on the page it becomes the colour of the text around
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
MARKERS = "osD^vP"
HATCHES = ("", "///", "...", "xx", "\\\\\\", "++")
LONGEST = 28  # letters of a name in a chart
STYLE = {
    "svg.fonttype": "none",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.parse_math": False,  # a corpus may be called $x$
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    **dict.fromkeys(
        (
            "text.color",
            "axes.labelcolor",
            "axes.edgecolor",
            "xtick.color",
            "ytick.color",
            "grid.color",
            "axes.titlecolor",
        ),
        INK,
    ),
}


@dataclass(frozen=True)
class Chart:
    """A picture, and the same as a table.

    Attributes:
        title, about: what it shows, in words; `about` is what a screen reader says.
        svg: the picture.
        header, rows: the same as a table.
    """

    title: str
    about: str
    svg: Markup
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@contextmanager
def figure(width: float, height: float, columns: int = 1, rows: int = 1) -> Iterator[tuple]:
    """A figure in inches with its axes, in the style of the report."""
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # a glyph that matplotlib's own font lacks is drawn by the browser's
        warnings.filterwarnings("ignore", message="Glyph")
        chart = Figure(figsize=(width, height), layout="constrained")
        yield chart, chart.subplots(rows, columns, squeeze=False).ravel()


def to_svg(chart: Figure, about: str) -> Markup:
    """The figure as an <svg> element whose ink is the page's; call it inside `figure`."""
    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": about}):
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        # `savefig` draws twice, to know the layout; this draws in the layout it has just made
        FigureCanvasSVG(chart).print_svg(text, metadata=nothing)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r'(width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    used = set(re.findall(r'(?:url\(|href=")#([^)"]+)', svg))
    # matplotlib numbers groups anew in each chart, and a page must not have an id twice
    svg = re.sub(r' id="([^"]+)"', lambda match: match[0] if match[1] in used else "", svg)
    return Markup(svg.replace("<svg", f'<svg role="img" aria-label="{escape(about)}"', 1))


def name(text: str) -> str:
    """A name as a chart can show it."""
    plain = "".join(letter if letter.isprintable() else "�" for letter in text)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


def legend_below(axes: Axes, columns: int = 4) -> None:
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns)


def style_of(place: int) -> dict:
    """Of the line of the model or group at this place."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "linestyle": DASHES[place % len(DASHES)],
        "marker": MARKERS[place % len(MARKERS)],
        "markersize": 4.5,
        "linewidth": 1.6,
    }
