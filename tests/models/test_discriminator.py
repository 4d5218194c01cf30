"""Real or synthetic, on vectors of which it is known how far apart they are."""

import hashlib
import math

import numpy as np
import pytest

from mashbill.models.discriminator import FOLDS, Discriminator, auc, fit_discriminator, folds_of
from mashbill.models.errors import MashbillError


def ids(count):
    return [hashlib.blake2b(b"%d" % i, digest_size=16).hexdigest() for i in range(count)]


def rows(shift, sources=400, dim=6):
    """A source and a variant each; the variant's first number is moved by `shift`."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2 * sources, dim))
    synthetic = np.arange(2 * sources) % 2 == 1
    vectors[synthetic, 0] += shift
    return vectors, synthetic, [i for i in ids(sources) for _ in range(2)]


def test_what_is_alike_cannot_be_told_apart():
    vectors, synthetic, source_ids = rows(shift=0)
    scores = fit_discriminator(vectors, synthetic, source_ids).scores(vectors, source_ids)
    assert auc(scores, synthetic) == pytest.approx(0.5, abs=0.05)


def test_the_auc_is_that_of_the_best_possible_judge():
    """Two normal distributions at a distance d: AUC = Φ(d / √2)."""
    vectors, synthetic, source_ids = rows(shift=1.5, sources=2000)
    scores = fit_discriminator(vectors, synthetic, source_ids).scores(vectors, source_ids)
    assert auc(scores, synthetic) == pytest.approx(0.5 * (1 + math.erf(1.5 / 2)), abs=0.02)


def test_no_model_judges_a_source_that_it_has_seen():
    """Vectors that tell nothing but which source it is: 50 dimensions, 60 sources, copies equal."""
    rng = np.random.default_rng(1)
    source_ids = ids(60)
    vectors = rng.normal(size=(60, 50))
    synthetic = rng.random(60) < 0.5
    twice = np.concatenate([vectors, vectors])
    scores = fit_discriminator(twice, np.tile(synthetic, 2), source_ids * 2).scores(
        vectors, source_ids
    )
    assert auc(scores, synthetic) < 0.7  # having seen them it would know all


def test_the_score_is_the_regression_s_probability():
    model = Discriminator(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([0.5, 0.0]))
    even, odd = "000000000000ff", "000000000001ff"
    assert folds_of([even, odd], 2).tolist() == [0, 1]
    found = model.scores(np.array([[1.0, 9.0], [9.0, -1.0]]), [even, odd])
    assert found.tolist() == pytest.approx([1 / (1 + math.exp(-1.5)), 1 / (1 + math.exp(2))])
    assert found.dtype == np.float32


def test_it_survives_being_written():
    vectors, synthetic, source_ids = rows(shift=1)
    model = fit_discriminator(vectors, synthetic, source_ids)
    again = Discriminator.from_json(model.to_json())
    assert np.array_equal(model.scores(vectors, source_ids), again.scores(vectors, source_ids))


def test_folds_are_of_about_equal_size():
    sizes = np.bincount(folds_of(ids(5000), FOLDS))
    assert len(sizes) == FOLDS
    assert sizes.min() > 900


def test_too_few_rows_are_an_error():
    with pytest.raises(MashbillError, match="1 sources with 1 variants are too few"):
        fit_discriminator(np.zeros((2, 3)), np.array([False, True]), ids(1) * 2)
