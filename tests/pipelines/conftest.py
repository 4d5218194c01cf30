import pytest


@pytest.fixture
def partitions_here(monkeypatch):
    """Partitions are made in this process: one of its own takes ten seconds to import torch."""
    monkeypatch.setattr("mashbill.pipelines.generate.call_apart", lambda call, *args: call(*args))
