from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from mashbill.models.word_tokens import Pieces, Ragged
from mashbill.transforms.augmenters.base import guard
from mashbill.transforms.augmenters.batch import TextBatch
from mashbill.transforms.augmenters.masking import hide, limits, spans
from mashbill.transforms.languages.base import Language

MASK = 4
ROW = [10, 11, 12, 13]  # "un", "##kind", "words", "!"
LETTERS = "aeunkidé字語"


def word_piece():
    pieces = ["[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{letter}" for letter in LETTERS), "##kind"]
    vocabulary = {piece: i for i, piece in enumerate([*pieces, "un", "unkind", "!", ","])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return tokenizer


def bytes_of_letters():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return tokenizer


def metaspace():
    scored = [("<unk>", 0.0), ("▁", -5.0), ("▁un", -1.0), *((letter, -9.0) for letter in LETTERS)]
    tokenizer = Tokenizer(models.Unigram(scored, unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


TOKENIZERS = {
    "word pieces": (word_piece(), (1, 1)),
    "bytes": (bytes_of_letters(), (0, 0)),
    "metaspace": (metaspace(), (0, 0)),
}


def batch_of(*texts):
    return TextBatch(texts, range(len(texts)), guard((), ()), frozenset(), Language())


def found_spans(kind, *texts):
    """Word to its tokens, None where no tokens make up just it."""
    tokenizer, special = TOKENIZERS[kind]
    batch = batch_of(*texts)
    encodings = tokenizer.encode_batch(list(texts))
    first, last, exact = (c.tolist() for c in spans(Pieces.of(encodings, *special), batch))
    first, last = ([place + special[0] for place in places] for places in (first, last))
    spans_ = [(a, b) if fits else None for a, b, fits in zip(first, last, exact, strict=True)]
    return batch, encodings, spans_


def test_a_word_is_the_tokens_that_make_it_up():
    _, encodings, found = found_spans("word pieces", "unkind, un", "kind")
    assert found == [(1, 2), (3, 4), (1, 5)]
    assert encodings[0].tokens == ["[CLS]", "unkind", ",", "un", "[SEP]"]


def test_a_letter_of_several_bytes_belongs_to_its_word_as_a_whole():
    assert found_spans("bytes", "éa un")[2] == [(0, 3), (3, 6)]  # with its space


def test_a_space_belongs_to_the_word_behind_it():
    _, encodings, found = found_spans("metaspace", "ai un un", "kin unkind")
    assert encodings[0].tokens == ["▁", "a", "i", "▁un", "▁un"]
    assert found == [(0, 3), (3, 4), (4, 5), (0, 4), (4, 9)]


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_the_same_words_can_be_hidden_under_every_tokenizer(kind):
    assert None not in found_spans(kind, "un neun, kind", "die un", "neun  un")[2]


def spaces_at(piece):
    return len(piece) - len(piece.lstrip(" "))


def test_no_span_for_a_word_that_goes_on_out_of_reach():
    tokenizer, _ = TOKENIZERS["word pieces"]
    cut = tokenizer.encode("un neun")
    cut.truncate(4)
    pieces = Pieces.of([cut], 1, 0)
    assert spans(pieces, batch_of("un neun")).exact.tolist() == [True, False]


@pytest.mark.parametrize("kind", TOKENIZERS)
@given(st.lists(st.text(LETTERS + " ,\u0301", max_size=12), min_size=1, max_size=4))
def test_spans_are_those_found_by_looking_at_every_token(kind, texts):
    batch, encodings, found = found_spans(kind, *texts)
    leading, trailing = TOKENIZERS[kind][1]
    words = batch.free_words
    for row, start, end, span in zip(*(c.tolist() for c in words[:3]), found, strict=True):
        start, end = start - batch.offsets[row], end - batch.offsets[row]
        offsets = encodings[row].offsets
        inside = range(leading, len(offsets) - trailing)
        text = texts[row]
        offsets = [(a + spaces_at(text[a:b]), b) for a, b in offsets]
        touching = [i for i in inside if offsets[i][1] > start and offsets[i][0] < end]
        whole = touching and offsets[touching[0]][0] >= start and offsets[touching[-1]][1] == end
        if whole and touching[0] - 1 in inside and offsets[touching[0] - 1] == (start, start):
            touching.insert(0, touching[0] - 1)  # its space
        assert span == ((touching[0], touching[-1] + 1) if whole else None)
        assert all(b == a + 1 for a, b in pairwise(touching))


def hidden(tokens, slots):
    """Slots of the rows: (row, first, last)."""
    rows, columns = hide(Ragged.of(tokens), *np.array(slots).T, MASK)
    return rows.lists(), columns.tolist()


def test_one_mask_hides_all_tokens_of_a_word():
    found = hidden([ROW, ROW], [(0, 0, 2), (0, 2, 3), (1, 3, 4)])
    assert found == ([[MASK, MASK, 13], [10, 11, 12, MASK]], [0, 1, 3])


def test_an_insertion_makes_the_row_longer():
    found = hidden([ROW, [], ROW], [(0, 2, 2), (2, 0, 0), (2, 4, 4)])
    assert found[0] == [[10, 11, MASK, 12, 13], [], [MASK, 10, 11, 12, 13, MASK]]
    assert found[1] == [2, 0, 5]


@given(st.data())
def test_what_is_hidden_is_what_slot_by_slot_would_be(data):
    tokens, slots, expected = [], [], []
    for row in range(data.draw(st.integers(1, 3))):
        bounds = sorted(data.draw(st.lists(st.integers(0, 6), max_size=6, unique=True)))
        mine = list(zip(bounds[::2], bounds[1::2], strict=False))
        text = list(range(10, 16))
        tokens.append(text)
        slots += [(row, *slot) for slot in mine]
        for first, last in reversed(mine):
            text = [*text[:first], MASK, *text[last:]]
        expected.append(text)
    if slots:
        rows, columns = hidden(tokens, slots)
        assert rows == expected
        assert all(rows[row][c] == MASK for (row, *_), c in zip(slots, columns, strict=True))


def test_words_of_another_script_and_words_to_avoid_do_not_fit():
    words = ("good", "Good", "film", "фильм", "中")
    numbers = np.array([[0, 1, 2, 3, 4]] * 2)
    fits = np.ones(numbers.shape, bool)
    for table, wanted, equal in limits(words, [{"good"}, set()], ["Movie", "кино"]):
        fits &= (table[numbers] == wanted[:, None]) == equal
    assert fits.tolist() == [
        [False, False, True, False, False],
        [False, False, False, True, False],
    ]
