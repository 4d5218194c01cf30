import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from mashbill.models.word_masking import IGNORED, WordMasking, WordRow, words_of

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


LETTERS = "abcdefghijklmnopqrstuvwxyzIT.,'é電影"
TEXT = "The film, I don't  like it. été 電影 ok"
WORDS = ["The", "film", ",", "I", "don", "'", "t", "like", "it", ".", "été", "電", "影", "ok"]


def word_piece() -> Tokenizer:
    pieces = ["[UNK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    made = Tokenizer(
        models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]")
    )
    made.normalizer = normalizers.BertNormalizer(lowercase=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return made


def byte_level(trim: bool) -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.ByteLevel(trim_offsets=trim)
    return made


def metaspace(pieces: list[str], split: bool) -> Tokenizer:
    scored = [("<unk>", 0.0), ("▁", -5.0), *((letter, -9.0) for letter in LETTERS)]
    scored += [(piece, -1.0) for piece in pieces]
    made = Tokenizer(models.Unigram(scored, unk_id=0))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=split)
    return made


TOKENIZERS = {
    "word pieces": word_piece(),
    "bytes": byte_level(trim=True),
    "bytes with their spaces": byte_level(trim=False),
    "metaspace": metaspace(["▁film", "▁don"], split=True),
    "metaspace over whole texts": metaspace(["▁film", "▁don", "▁like"], split=False),
}


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_the_words_of_a_text_do_not_depend_on_the_tokenizer(kind):
    encoding = TOKENIZERS[kind].encode(TEXT)
    words = words_of(encoding, TEXT)
    assert (words >= 0).all()
    parts = [
        [encoding.offsets[i] for i in np.flatnonzero(words == n)] for n in range(words.max() + 1)
    ]
    assert [TEXT[part[0][0] : part[-1][1]].strip() for part in parts] == WORDS


def test_words_that_share_a_token_are_one():
    text = "it's ok"
    encoding = metaspace(["▁it", "'s"], split=True).encode(text)
    assert encoding.tokens == ["▁it", "'s", "▁", "o", "k"]
    assert words_of(encoding, text).tolist() == [0, 1, 2, 2, 2]


def test_the_words_of_a_script_without_spaces_are_hidden_as_a_whole():
    tokenizer = word_piece()
    text = "ok 電影 ok"
    assert words_of(tokenizer.encode(text), text).tolist() == [0, 0, 1, 2, 3, 3]
    assert words_of(tokenizer.encode(text), text, [(3, 5)]).tolist() == [0, 0, 1, 1, 2, 2]
