"""A rate may be a range, from which each text draws its own."""

import numpy as np
import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.base import Request
from mashbill.transforms.augmenters.registry import build

TEXT = " ".join(["wonderful"] * 200)


def edited(rate, texts=300, use="typo.substitute"):
    """Share of the words of each text that were edited."""
    augmenter = build({"use": use, "rate": rate})
    made = augmenter.augment_batch(Request([TEXT] * texts, range(texts)))
    return np.array([len(edits) / 200 for edits in made])


def test_each_text_draws_its_rate_from_the_range():
    found = edited([0.2, 0.6])
    assert found.mean() == pytest.approx(0.4, abs=0.02)
    assert found.min() < 0.25
    assert found.max() > 0.55
    assert edited(0.4).std() < 0.05 < found.std()


def test_a_range_of_one_number_is_that_number():
    np.testing.assert_array_equal(edited([0.3, 0.3]), edited(0.3))
    assert not edited([0, 0]).any()


def test_a_text_alone_is_edited_as_in_a_batch():
    augmenter = build({"use": "typo.keyboard", "rate": [0.05, 0.5]})
    together = augmenter.augment_batch(Request([TEXT] * 5, range(5)))
    assert together == [augmenter.augment(TEXT, seed) for seed in range(5)]


def test_parts_of_a_chain_have_ranges_of_their_own():
    chain = build({"use": "chain", "of": [{"use": "edit.crop", "rate": [0.1, 0.8]}]})
    made = chain.variants_batch(Request([TEXT] * 200, range(200)))
    left = np.array([len(text.split()) / 200 for text in made])
    assert left.min() < 0.25
    assert left.max() > 0.85


@pytest.mark.parametrize("rate", [[0.5, 0.1], [0.1], [0.1, 0.2, 0.3]])
def test_a_range_has_a_low_and_a_high_end(rate):
    with pytest.raises(MashbillError, match=r"typo.keyboard: rate: .* a range must be \[low, high"):
        build({"use": "typo.keyboard", "rate": rate})


def test_the_ends_of_a_range_are_shares():
    with pytest.raises(MashbillError, match="rate: 3: input should be less than or equal to 1"):
        build({"use": "typo.keyboard", "rate": [0.1, 3]})


def test_nlpaug_takes_one_rate():
    with pytest.raises(MashbillError, match="nlpaug takes one rate for all texts"):
        build({"use": "nlpaug.KeyboardAug", "rate": [0.1, 0.2]})
