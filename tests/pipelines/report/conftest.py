import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG

from mashbill.pipelines.report import charts
from tests.shortcuts import draw_nothing


@pytest.fixture(scope="package", autouse=True)
def all_drawn(nothing_drawn):
    """What the other tests of the package do without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "FigureCanvasSVG", FigureCanvasSVG)
        yield


@pytest.fixture
def undrawn(monkeypatch):
    """For a test that looks at no chart."""
    draw_nothing(monkeypatch)
