import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.batching import TokenBudget, TokenRows, for_each_batch
from models.errors import ModelError

lengths = st.lists(st.integers(1, 50), max_size=60).map(lambda x: np.array(x, dtype=np.int64))


@given(lengths, st.integers(1, 300))
def test_every_row_comes_once_in_batches_under_the_budget(lengths, tokens):
    seen = []

    def step(rows, width):
        assert width == lengths[rows].max()
        assert len(rows) == 1 or len(rows) * width <= tokens
        seen.extend(rows.tolist())

    for_each_batch(lengths, TokenBudget(tokens), step)
    assert sorted(seen) == list(range(len(lengths)))


def test_out_of_memory_halves_the_budget_and_goes_on():
    lengths = np.full(40, 10)
    budget, sizes = TokenBudget(400), []

    def step(rows, width):
        if len(rows) > 12:
            raise torch.OutOfMemoryError("simulated")
        sizes.append(len(rows))

    for_each_batch(lengths, budget, step)
    assert sizes == [10, 10, 10, 10]
    assert budget.tokens == 100


def test_a_row_that_never_fits_is_an_error():
    def step(rows, width):
        raise torch.OutOfMemoryError("simulated")

    with pytest.raises(ModelError, match="one text of 7 tokens exceeds"):
        for_each_batch(np.array([7, 3]), TokenBudget(100), step)


def test_gather_pads_on_the_right_and_masks_the_padding():
    rows = TokenRows([[1, 2, 3], [], [4]], pad=9, device=torch.device("cpu"))
    ids, mask = rows.gather(torch.tensor([2, 0, 1]), 3)
    assert ids.tolist() == [[4, 9, 9], [1, 2, 3], [9, 9, 9]]
    assert mask.tolist() == [[1, 0, 0], [1, 1, 1], [0, 0, 0]]
