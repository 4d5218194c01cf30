import pytest

from tests.shortcuts import draw_all, draw_nothing


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


@pytest.fixture(scope="package", autouse=True)
def nothing_drawn():
    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        yield


@pytest.fixture(scope="module")
def all_drawn(nothing_drawn):
    """For tests that look at what is drawn."""
    with pytest.MonkeyPatch.context() as patch:
        draw_all(patch)
        yield
