import numpy as np
import pytest

from tests.transforms.batches import sources, with_variants
from transforms.similarity import Similarity, add_similarity

VECTORS = {"up": (0, 1), "steep": (0.6, 0.8), "right": (1, 0), "down": (0, -1), "flat": (1, 0)}


def embed(texts):
    return np.array([VECTORS[text] for text in texts], dtype=np.float32)


@pytest.fixture
def batch():
    return with_variants(sources("up", "right"), {"right": ["flat"], "up": ["steep", "down"]})


def test_a_variant_is_compared_with_its_own_source(batch):
    made = add_similarity(batch, embed)
    assert made.column("similarity").to_pylist() == [None, None, 1.0, pytest.approx(0.8), -1.0]


def test_texts_without_variants_are_not_embedded():
    asked = []
    add_similarity(
        with_variants(sources("up", "right"), {"up": ["steep"]}),
        lambda texts: asked.extend(texts) or embed(texts),
    )
    assert sorted(asked) == ["steep", "up"]


def test_variants_below_the_minimum_go_and_sources_stay(batch):
    stage = Similarity("unused", 0.9)
    stage.encoder = type("Encoder", (), {"embed": staticmethod(embed)})
    outcome = stage.run(batch)
    assert outcome.batch.column("text").to_pylist() == ["up", "right", "flat"]
    assert outcome.counts == {"in": 5, "dropped/min_similarity": 2, "out": 3}
