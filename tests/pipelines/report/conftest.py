import pytest

from tests.shortcuts import draw_nothing


@pytest.fixture(scope="module", autouse=True)
def drawn(all_drawn):
    """Charts are what this folder is about."""


@pytest.fixture
def undrawn(monkeypatch):
    """For a test that looks at no chart."""
    draw_nothing(monkeypatch)
