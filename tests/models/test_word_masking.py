import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mashbill.models.word_masking import IGNORED, WordMasking, WordRow

MASK, PAD = 4, 0
rows = st.lists(st.integers(1, 4), min_size=1, max_size=20).map(
    lambda pieces: WordRow(
        np.arange(10, 12 + sum(pieces)),
        np.concatenate([[-1], np.repeat(np.arange(len(pieces)), pieces), [-1]]),
    )
)


@given(rows, st.integers(0, 1000), st.sampled_from([0, 50]))
def test_words_are_hidden_as_a_whole_and_special_tokens_never(row, seed, vocabulary):
    ids, labels = WordMasking(MASK, PAD, vocabulary, 0.5, seed).mask(row)
    hidden = labels != IGNORED
    assert not hidden[row.words < 0].any()
    assert (labels[hidden] == row.ids[hidden]).all()
    assert (ids[~hidden] == row.ids[~hidden]).all()
    for word in range(row.words.max() + 1):
        assert len(set(hidden[row.words == word])) == 1
    if vocabulary == 0:
        assert (ids[hidden] == MASK).all()


def test_shares_are_as_stated():
    row = WordRow(np.full(20_000, 60), np.arange(20_000))
    ids, labels = WordMasking(MASK, PAD, 50, 0.15, seed=1).mask(row)
    hidden = labels != IGNORED
    assert abs(hidden.mean() - 0.15) < 0.01
    assert abs((ids[hidden] == MASK).mean() - 0.8) < 0.03
    assert abs((ids[hidden] == 60).mean() - 0.1) < 0.02


@given(st.lists(rows, min_size=1, max_size=5))
@settings(max_examples=20)
def test_a_batch_is_padded_on_the_right(batch):
    masking = WordMasking(MASK, PAD, 0, 0.5, seed=1)
    out = masking([{"row": row} for row in batch])
    for i, row in enumerate(batch):
        n = len(row.ids)
        assert out["attention_mask"][i].tolist()[:n] == [1] * n
        assert not out["attention_mask"][i, n:].any()
        assert (out["input_ids"][i, n:] == PAD).all()
        assert (out["labels"][i, n:] == IGNORED).all()
