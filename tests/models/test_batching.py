import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mashbill.models.batching import TokenBudget, TokenRows, batch_sizes, for_each_batch
from mashbill.models.errors import ModelError
from mashbill.models.word_tokens import Ragged

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


def tokens_of(sizes, lengths, per_batch):
    """Tokens in all of batches of these sizes, padding and the price of a batch included."""
    firsts = np.cumsum([0, *sizes])[:-1]
    return sum(size * lengths[i] + per_batch for size, i in zip(sizes, firsts, strict=True))


def ways_to_cut(rows):
    """Every list of positive sizes whose sum is `rows`."""
    if rows == 0:
        yield []
    for size in range(1, rows + 1):
        yield from ([size, *rest] for rest in ways_to_cut(rows - size))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(9, 40), st.integers(0, 20))
def test_no_other_cut_at_widths_takes_fewer_tokens(lengths, tokens, per_batch):
    lengths = np.sort(np.array(lengths))[::-1]
    sizes = batch_sizes(lengths, TokenBudget(tokens, per_batch))
    fitting = [
        way
        for way in ways_to_cut(len(lengths))
        if all(
            size * lengths[i] <= tokens for size, i in zip(way, np.cumsum([0, *way]), strict=False)
        )
    ]
    best = min(tokens_of(way, lengths, per_batch) for way in fitting)
    # A run that is too long for the budget is cut as it comes, which a cleverer way may beat.
    if len(lengths) * lengths[0] <= tokens:
        assert tokens_of(sizes, lengths, per_batch) == best
    assert tokens_of(sizes, lengths, per_batch) <= best + sum(lengths)


def test_few_rows_of_many_lengths_are_not_padded_to_the_longest():
    lengths = np.repeat([200, 100, 20], 40)
    assert batch_sizes(lengths, TokenBudget(65_536, 2400)) == [40, 40, 40]
    assert batch_sizes(lengths, TokenBudget(65_536, 3500)) == [40, 80]


@given(st.lists(st.integers(1, 200), min_size=1, max_size=300), st.integers(200, 6000))
def test_shapes_are_few_where_the_budget_says_so(lengths, tokens):
    lengths, seen = np.array(lengths), []
    budget = TokenBudget(tokens, 100, step=16, widest=199)

    def step(rows, width):
        filled = budget.filled(rows)
        assert set(filled) == set(rows)
        assert len(rows) <= len(filled) <= len(rows) * 9 / 8
        assert width % 16 == 0 or width in (199, 200)
        assert len(filled) == 1 or len(filled) * width <= tokens
        assert len(filled) in {n << shift for n in range(1, 17) for shift in range(10)}
        seen.extend(rows.tolist())

    for_each_batch(lengths, budget, step)
    assert sorted(seen) == list(range(len(lengths)))


def test_nothing_is_filled_up_where_shapes_may_be_many():
    assert TokenBudget(100).filled(np.arange(37)).tolist() == list(range(37))
    assert len(TokenBudget(100, step=8).filled(np.empty(0, np.int64))) == 0


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
    rows = TokenRows(Ragged.of([[1, 2, 3], [], [4]]), pad=9, device=torch.device("cpu"))
    ids, mask = rows.gather(torch.tensor([2, 0, 1]), 3)
    assert ids.tolist() == [[4, 9, 9], [1, 2, 3], [9, 9, 9]]
    assert mask.tolist() == [[1, 0, 0], [1, 1, 1], [0, 0, 0]]
