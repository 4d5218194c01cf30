import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG

from mashbill.pipelines.report import charts


@pytest.fixture(scope="package", autouse=True)
def all_drawn(nothing_drawn):
    """What the other tests of the package do without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "FigureCanvasSVG", FigureCanvasSVG)
        yield
