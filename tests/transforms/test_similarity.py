import numpy as np
import pytest

from mashbill.models.discriminator import Discriminator
from mashbill.models.errors import RowError
from mashbill.transforms.filters.similarity import MinSimilarity
from mashbill.transforms.filters.synthetic import MaxSynthetic
from mashbill.transforms.similarity import Similarity, add_similarity, embed_rows
from tests.transforms.batches import sources, with_variants

VECTORS = {"up": (0, 1), "steep": (0.6, 0.8), "right": (1, 0), "down": (0, -1), "flat": (1, 0)}


def embed(texts):
    return np.array([VECTORS[text] for text in texts], dtype=np.float32)


@pytest.fixture
def batch():
    return with_variants(sources("up", "right"), {"right": ["flat"], "up": ["steep", "down"]})


def test_a_variant_is_compared_with_its_own_source(batch):
    made = add_similarity(batch, embed_rows(batch, embed, everything=False))
    assert made.column("similarity").to_pylist() == [None, None, 1.0, pytest.approx(0.8), -1.0]


def test_texts_without_variants_are_not_embedded():
    asked = []
    embed_rows(
        with_variants(sources("up", "right"), {"up": ["steep"]}),
        lambda texts: asked.extend(texts) or embed(texts),
        everything=False,
    )
    assert sorted(asked) == ["steep", "up"]


def test_variants_below_the_minimum_go_and_sources_stay(batch):
    stage = Similarity("unused")
    stage.filters = (MinSimilarity(model="unused", minimum=0.9),)
    stage.encoder = type("Encoder", (), {"embed": staticmethod(embed)})
    outcome = stage.outcome(batch)
    assert outcome.batch.column("text").to_pylist() == ["up", "right", "flat"]
    assert outcome.counts == {
        "in": 5,
        "by_augmenter/none/in": 2,
        "by_augmenter/test.made/in": 3,
        "dropped/min_similarity": 2,
        "by_augmenter/test.made/dropped/min_similarity": 2,
        "out": 3,
    }


def test_variants_that_look_synthetic_go_and_sources_stay(batch):
    """A discriminator that finds whatever points upwards synthetic."""
    upwards = Discriminator(np.array([[0.0, 10.0]]), np.array([0.0]))
    stage = Similarity("unused", upwards)
    stage.filters = (MaxSynthetic(model="unused", maximum=0.9),)
    stage.encoder = type("Encoder", (), {"embed": staticmethod(embed)})
    outcome = stage.outcome(batch)
    assert outcome.batch.column("text").to_pylist() == ["up", "right", "flat", "down"]
    assert outcome.counts["by_augmenter/test.made/dropped/max_synthetic"] == 1
    assert (outcome.counts["dropped/max_synthetic"], outcome.counts["out"]) == (1, 4)
    scores = dict(
        zip(*(outcome.batch.column(c).to_pylist() for c in ("text", "synthetic")), strict=True)
    )
    assert scores["up"] > 0.99
    assert scores["right"] == scores["flat"] == 0.5


def test_without_variants_there_is_nothing_to_compare():
    alone = sources("up", "right")
    made = add_similarity(alone, embed_rows(alone, embed, everything=True))
    assert made.column("similarity").to_pylist() == [None, None]


@pytest.mark.parametrize(("bad", "left"), [("flat", 4), ("right", 3)])
def test_a_text_without_a_vector_is_a_reject_and_so_are_its_variants(batch, bad, left):
    def fragile(texts):
        if bad in texts:
            raise RowError("not finite in row 0", [0])
        return embed(texts)

    stage = Similarity("unused")
    stage.filters = (MinSimilarity(model="unused", minimum=0.9),)
    stage.encoder = type("Encoder", (), {"embed": staticmethod(fragile)})
    outcome = stage.outcome(batch)
    assert len(outcome.rejects) == outcome.counts["rejected"] == 5 - left
    assert {r.reason for r in outcome.rejects} == {
        "the sentence encoder failed: not finite in row 0"
    }
    assert outcome.counts["dropped/min_similarity"] == 2
    assert outcome.counts["out"] == outcome.batch.num_rows == left - 2
    assert outcome.counts["by_augmenter/test.made/in"] == 3  # with those that are rejects
