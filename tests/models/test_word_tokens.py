"""Tokens by the table against those of the tokenizer itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers

from mashbill.models import word_tokens as module
from mashbill.models.tokenizing import TextTokenizer
from mashbill.models.word_tokens import Pieces, Ragged, WordTokens, word_tokens
from tests.anything import anything
from tests.models.mixed_tokenizers import KINDS

words = st.one_of(
    anything(max_size=12),
    st.sampled_from(
        ["good", "Café", "e\u0301", "\u0301x", "[MASK]", "a[SEP]b", "很好", "\x1c", "a\xa0b"]
    ),
)
texts = st.lists(words, max_size=12).map(" ".join)


def rules_of(kind: str, **changes) -> Tokenizer:
    tokenizer = Tokenizer.from_str(KINDS[kind]().backend_tokenizer.to_str())
    for name, value in changes.items():
        setattr(tokenizer, name, value)
    return tokenizer


LOCAL = {
    "WordPiece": rules_of("WordPiece"),
    "words": rules_of("WordLevel"),
    "Unigram behind spaces": rules_of(
        "Unigram",
        pre_tokenizer=pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
        ),
    ),
    "normalised": rules_of(
        "WordPiece", normalizer=normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    ),
}


@given(st.lists(st.lists(st.integers(0, 2), max_size=3)))
def test_equal_rows_are_there_once(rows):
    once, places = Ragged.of(rows).once()
    assert once.lists() == [list(row) for row in dict.fromkeys(map(tuple, rows))]
    assert once.take(places).lists() == rows


@pytest.mark.parametrize("kind", LOCAL)
@given(batch=st.lists(texts, max_size=5))
@settings(deadline=None, max_examples=60)
def test_tokens_are_those_of_the_whole_text(kind, batch):
    found = word_tokens(LOCAL[kind]).read(batch)
    expected = [e.ids for e in LOCAL[kind].encode_batch(batch, add_special_tokens=False)]
    assert found.lengths.tolist() == [len(ids) for ids in expected]
    assert found.flat.tolist() == [number for ids in expected for number in ids]


@pytest.mark.parametrize("kind", LOCAL)
@given(batch=st.lists(texts, max_size=5))
@settings(deadline=None, max_examples=60)
def test_tokens_stand_where_they_do_in_the_whole_text(kind, batch):
    found = word_tokens(LOCAL[kind], places=True).pieces(batch)
    expected = Pieces.of(LOCAL[kind].encode_batch(batch, add_special_tokens=False))
    for column, wanted in zip(
        (*found.ids, *found[1:]), (*expected.ids, *expected[1:]), strict=True
    ):
        assert column.tolist() == wanted.tolist()


def with_phrase() -> Tokenizer:
    tokenizer = rules_of("WordPiece")
    tokenizer.add_tokens([AddedToken("very good")])
    return tokenizer


OTHERS = {
    "spaces are part of pieces": rules_of("BPE"),
    "a space begins a word": rules_of("Unigram"),
    "an added token has a space": with_phrase(),
    "a normalizer looks at spaces": rules_of("WordPiece", normalizer=normalizers.Replace(" ", "_")),
    "punctuation is cut off first": rules_of("WordPiece", pre_tokenizer=pre_tokenizers.Digits()),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_others_have_no_table(kind):
    assert word_tokens(OTHERS[kind]) is None


@pytest.mark.parametrize("kind", KINDS)
@given(batch=st.lists(texts, max_size=4), length=st.integers(3, 20))
@settings(deadline=None, max_examples=30)
def test_rows_are_cut_and_framed_as_the_tokenizer_does_it(kind, batch, length):
    tokenizer = TextTokenizer(rules_of(kind), length)
    rows = tokenizer.rows(batch)
    expected = [encoding.ids for encoding in tokenizer.encode(batch)]
    assert np.array_equal(rows.lengths, Ragged.of(expected).lengths)
    assert np.array_equal(rows.flat, Ragged.of(expected).flat)
    pieces = tokenizer.pieces(batch)
    assert np.array_equal(tokenizer.framed(pieces.ids).flat, rows.flat)


@pytest.mark.parametrize("text", ["good film " * 9_000, "x" * 100_000, " " * 99_999 + "good"])
def test_long_texts_are_read_as_far_as_they_are_needed(text):
    tokenizer = TextTokenizer(rules_of("WordPiece"), 16)
    assert tokenizer.rows([text, "good"]).flat.tolist() == [
        number for encoding in tokenizer.encode([text, "good"]) for number in encoding.ids
    ]


def test_words_are_tokenised_once_and_the_table_does_not_grow_for_ever(monkeypatch):
    asked = []

    class Spy:
        def encode_batch_fast(self, parts, **options):
            asked.append(parts)
            return LOCAL["WordPiece"].encode_batch_fast(parts, **options)

    table = WordTokens(Spy())
    table.read(["a good film", "a good one"])
    again = table.read(["good good film"])
    assert asked == [["a", "good", "film", "one"]]
    monkeypatch.setattr(module, "TABLE_CHARACTERS", 3)
    assert np.array_equal(table.read(["good good film"]).flat, again.flat)
    assert asked[1:] == [["good", "film"]]


def test_tokenizers_with_the_same_rules_share_a_table():
    copied = Tokenizer.from_str(LOCAL["WordPiece"].to_str())
    assert word_tokens(copied) is word_tokens(LOCAL["WordPiece"])
