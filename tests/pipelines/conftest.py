from typing import TextIO

import pytest
from matplotlib.figure import Figure

from mashbill.pipelines.report import charts


@pytest.fixture
def partitions_here(monkeypatch):
    """Partitions are made in this process: one of its own takes seconds to import torch."""
    monkeypatch.setattr("mashbill.pipelines.generate.call_apart", lambda call, *args: call(*args))


@pytest.fixture(scope="package", autouse=True)
def rough_figures():
    """Intervals and latencies from a tenth of the draws: no test here looks at how wide or long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mashbill.models.significance.RESAMPLES_OF_FIGURES", 30)
        patch.setattr("mashbill.models.speed.ANSWERS", 10)
        yield


class EmptyCanvas:
    """A chart of which nothing is drawn."""

    def __init__(self, figure: Figure):
        pass

    def print_svg(self, file: TextIO, metadata: dict):
        file.write('<svg width="1pt" height="1pt"></svg>')


@pytest.fixture(scope="package", autouse=True)
def nothing_drawn():
    """Drawing is most of the time of finalize and evaluate; only tests of the report look at it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "FigureCanvasSVG", EmptyCanvas)
        yield
